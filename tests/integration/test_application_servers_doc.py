"""The application server of docs/application-servers.md does what the page says."""

import pathlib
import re
import subprocess

from application_server import api_config, free_port, make_certs
from testbed import Testbed

PAGE = pathlib.Path(__file__).resolve().parent.parent.parent / "docs" / "application-servers.md"


def test_thirty_lines(tmp_path):
    (script,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    assert len([line for line in script.splitlines() if line.strip()]) <= 30
    with Testbed(tmp_path) as bed:
        make_certs(bed, "as:DNS:as.example,DNS:localhost,IP:127.0.0.1")
        ue, = bed.add_subscribers(1)
        bed.start_aanf()
        port = free_port()
        bed.start_server(api=api_config(bed), application_servers=[
            {"id": "im:scada@iot.example", "certificates": ["as.example"], "target": "https://localhost:%d" % port}])
        program = bed.write("as.py", script)
        peer = subprocess.Popen(["/usr/bin/python3", "-B", str(program), str(bed.certs), str(bed.server.port("api")),
                                 str(port)], stdout=subprocess.PIPE, text=True)
        try:
            assert bed.run_client(ue, "send", "--as", "--to", "im:scada@iot.example", "--payload", "t=21.4",
                                  "--store")[0] == 0
            assert peer.stdout.readline() == "%s says t=21.4\n" % ue.service_id
            assert peer.stdout.readline() == "answered: 200\n"
        finally:
            peer.kill()
            peer.wait()
            peer.stdout.close()
