"""What an AAnF does wrong, switched while it runs (section 7.1.7 of the AKMA digest)."""

import json
import urllib.request

CALM = {"latency_ms": 0, "status": 0, "location": "", "drop": False, "reset": "none", "key": "right", "expiry": "right", "body": "whole"}


def begin(bed, **values):
    """Change these settings and leave the others; urllib.error.HTTPError when the AAnF does not know them."""
    request = urllib.request.Request("http://127.0.0.1:%d/faults" % bed.aanf.port("management"),
                                     data=json.dumps(values).encode(), headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert answer.status == 204


def end(bed):
    begin(bed, **CALM)
