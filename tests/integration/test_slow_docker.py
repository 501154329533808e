"""The images build from nothing but Debian, and the lab of compose.yaml works with them (docker/check.sh)."""

import pathlib
import subprocess

import pytest

CHECK = pathlib.Path(__file__).resolve().parents[2] / "docker" / "check.sh"
CANNOT = 77  # what check.sh says when this machine allows no such check


def run_check(part):
    done = subprocess.run([str(CHECK), part], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode == CANNOT:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def images():
    """Every image, built in a chroot from a base that debootstrap made."""
    return run_check("build")


def test_programs_run_from_their_images(images):
    told = run_check("images")
    for program in ("akma-aanf", "msgin5g-server", "msgin5g-client"):
        assert "msgin5g/%s: %s " % (program, program) in told


def test_lab_of_compose_file_exchanges_a_message(images):
    told = run_check("lab")
    assert "ue1 sent 'hello, valve', ue2 got it, the report came back" in told
    assert "all run as process 1 without rights on a read-only root" in told
    assert "all ended at SIGTERM with exit code 0" in told
