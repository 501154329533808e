"""Manual pages and --help say what the programs do: every option, every section of the configuration, the exit codes."""

import re
import shutil
import subprocess

import pytest

import testbed

PAGES = testbed.SUPPORT.parent.parent / "docs" / "man"
DAEMONS = {"msgin5g-server": "msgin5g-server.8", "akma-aanf": "akma-aanf.8"}
COMMANDS = {**{(name,): page for name, page in DAEMONS.items()}, ("msgin5g-client",): "msgin5g-client.1",
            ("akma",): "akma.1", ("akma", "derive"): "akma.1", ("akma", "auth-vector"): "akma.1",
            ("akma", "subscriber"): "akma.1", ("akma", "context"): "akma.1"}


def output(name, *arguments):
    done = subprocess.run([testbed.program(name), *arguments], capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def page(name):
    return (PAGES / name).read_text().replace("\\-", "-")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help(command):
    """Decision D10: 80 columns, two examples, exit codes; ends with 0."""
    text = output(*command, "--help")
    assert max(map(len, text.splitlines())) <= 80
    examples = text.split("Examples:\n")[1].split("\n\n")[0]
    assert len(re.findall(r"^  %s " % re.escape(command[0]), examples, re.M)) == 2
    assert "Exit codes: 0 " in text


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_page_knows_every_option(command):
    options = set(re.findall(r"^ +(?:-., +)?(--[a-z][a-z0-9-]*)", output(*command, "--help"), re.M))
    options -= {"--help", "--usage", "--version"} if command == ("msgin5g-client",) else set()
    assert len(options) >= 3
    assert [option for option in sorted(options) if option not in page(COMMANDS[command])] == []


@pytest.mark.parametrize("name", DAEMONS)
def test_page_names_every_section(name):
    """The keys are explained by --print-config, which the page points to; the page tells what its parts are for."""
    text = page(DAEMONS[name])
    configuration = text.split(".SH CONFIGURATION")[1].split(".SH ")[0]
    sections = re.findall(r"^(?:# )?([a-z0-9_]+):", output(name, "--print-config"), re.M)
    assert len(sections) > 8
    assert "--print-config" in configuration
    assert [section for section in sections if not re.search(r"\b%s\b" % section, configuration)] == []


@pytest.mark.parametrize("name", [*DAEMONS, "msgin5g-client"])
def test_printed_configuration_is_readable(name):
    """Comments are wrapped at 100 columns, between words."""
    text = output(name, "--print-config")
    assert max(map(len, text.splitlines())) <= 100
    assert re.findall(r".*[.:)]#.*", text) == []


@pytest.mark.parametrize("name", sorted(set(COMMANDS.values())))
def test_exit_codes(name):
    """Every page has the whole table, 0 to 9."""
    table = page(name).split(".SH EXIT STATUS")[1].split(".TE")[0]
    assert re.findall(r"^(\d)\t\S", table, re.M) == list("0123456789")


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not here")
@pytest.mark.parametrize("name", sorted(set(COMMANDS.values())))
def test_page_is_well_formed(name):
    done = subprocess.run(["groff", "-man", "-t", "-ww", "-z", "-Tutf8", PAGES / name], capture_output=True, text=True,
                          timeout=20)
    assert (done.returncode, done.stderr) == (0, "")
