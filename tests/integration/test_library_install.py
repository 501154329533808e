"""libmsgin5g as applications get it: installed, found by pkg-config and CMake, built against outside of this tree."""

import re

import pytest

import library
import testbed

BUILD = testbed.build_dir()
HEADERS = ["client.h", "error.h", "gateway.h", "ids.h", "message.h"]


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    return library.install(BUILD, tmp_path_factory.mktemp("prefix"))


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    """The installed tree at another place: nothing in it may remember where it was."""
    folder = tmp_path_factory.mktemp("moved")
    return library.install(BUILD, folder / "before").rename(folder / "after")


def public_functions(prefix):
    """Everything the installed headers declare with MSGIN5G_API."""
    text = "".join((prefix / "include" / "msgin5g" / header).read_text() for header in HEADERS)
    return set(re.findall(r"^MSGIN5G_API [^;(]*?(\w+)\(", text, re.MULTILINE))


def symbols(*arguments):
    """Names and types nm prints, without versions."""
    rows = [line.split() for line in library.run("nm", "--defined-only", *arguments).splitlines() if line]
    return {row[-1].split("@")[0]: row[-2] for row in rows if len(row) >= 3}


def test_only_public_functions_are_visible(prefix):
    functions = public_functions(prefix)
    assert {"msgin5g_client_send", "msgin5g_context_process", "msgin5g_version", "msgin5g_err_text"} <= functions
    shared = symbols("--dynamic", prefix / "lib" / "libmsgin5g.so")
    assert {name for name, kind in shared.items() if kind != "A"} == functions
    assert [name for name, kind in shared.items() if kind == "A"] == ["MSGIN5G_0"]
    assert set(symbols("--extern-only", prefix / "lib" / "libmsgin5g.a")) == functions


def test_shared_object_has_a_soname_and_brings_its_own_dtls(prefix):
    dynamic = library.run("readelf", "--dynamic", prefix / "lib" / "libmsgin5g.so")
    assert "soname: [libmsgin5g.so.0]" in dynamic
    assert (prefix / "lib" / "libmsgin5g.so.0").resolve().name == "libmsgin5g.so.0.1.0"
    needed = set(re.findall(r"\(NEEDED\).*\[(\w+)", dynamic))
    ours = {"libcbor", "libcjson", "libsodium", "libc"}
    assert ours <= needed <= ours | {"libm", "ld", "libasan", "libubsan", "libtsan"}
    assert "RUNPATH" not in dynamic


@pytest.mark.parametrize("language", ["c11", "gnu11", "c++11", "c++20"])
def test_headers_stand_alone(prefix, tmp_path, language):
    driver = "g++" if "+" in language else library.cached(BUILD, "CMAKE_C_COMPILER")
    for header in HEADERS:
        source = tmp_path / ("header" + (".cc" if "+" in language else ".c"))
        source.write_text("#include <msgin5g/%s>\n#include <msgin5g/%s>\nint main(void);\n" % (header, header))
        library.run(driver, "-std=" + language, "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
                    "-I%s" % (prefix / "include"), source)


def test_example_of_the_manual_compiles(prefix, tmp_path):
    manual = (testbed.SUPPORT.parent.parent / "docs" / "library.md").read_text()
    source = tmp_path / "manual.c"
    source.write_text(re.search("```c\n(.*?)```", manual, re.DOTALL).group(1))
    library.run(library.cached(BUILD, "CMAKE_C_COMPILER"), "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
                "-D_GNU_SOURCE", "-I%s" % (prefix / "include"), "-c", source, "-o", tmp_path / "manual.o")


def compile_example(prefix, name, out, libraries):
    examples = prefix / "share" / "doc" / "msgin5g" / "examples"
    library.run(*library.compiler(BUILD), "-Wall", "-Wextra", "-Werror", *library.pkg_config(prefix, "--cflags"),
                examples / (name + ".c"), examples / "key_file.c", "-o", out, *libraries)
    return out


def test_examples_by_pkg_config(lab, moved, tmp_path):
    """register_and_send with the shared object, listen with the archive (Debian has no libcjson.a for more than that)."""
    assert library.pkg_config(moved, "--modversion") == ["0.1.0"]
    sender = compile_example(moved, "register_and_send", tmp_path / "register_and_send",
                             [*library.pkg_config(moved, "--libs"), "-Wl,-rpath,%s" % (moved / "lib")])
    static = [flag if flag != "-lmsgin5g" else "-l:libmsgin5g.a" for flag in library.pkg_config(moved, "--libs", "--static")]
    listener = compile_example(moved, "listen", tmp_path / "listen", static)
    assert "libmsgin5g.so.0" in library.run("readelf", "--dynamic", sender)
    assert "libmsgin5g" not in library.run("readelf", "--dynamic", listener)
    library.exchange(lab, listener, sender, "built by pkg-config")


def test_examples_by_find_package(lab, moved, tmp_path):
    sanitize = library.cached(BUILD, "MSGIN5G_SANITIZE")
    library.run("cmake", "-S", moved / "share" / "doc" / "msgin5g" / "examples", "-B", tmp_path,
                "-DCMAKE_PREFIX_PATH=%s" % moved, "-DCMAKE_C_COMPILER=%s" % library.cached(BUILD, "CMAKE_C_COMPILER"),
                "-DCMAKE_C_FLAGS=%s" % ("-fsanitize=" + sanitize if sanitize else ""))
    library.run("cmake", "--build", tmp_path)
    library.exchange(lab, tmp_path / "listen", tmp_path / "register_and_send", "built by find_package")
    library.topic_exchange(lab, tmp_path / "subscribe", "built by find_package, too")


def test_other_versions_are_not_found(moved, tmp_path):
    (tmp_path / "CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.25)\nproject(other LANGUAGES C)\n"
                                             "find_package(msgin5g 0.2 REQUIRED)\n")
    with pytest.raises(AssertionError, match="compatible with requested version"):
        library.run("cmake", "-S", tmp_path, "-B", tmp_path / "build", "-DCMAKE_PREFIX_PATH=%s" % moved)
