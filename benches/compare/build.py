"""Builds and installs the contenders, each from its registry, into a folder of the build
directory."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).absolute()
OUT = TARGET / "compare"
LIBRARY = ROOT / "dist" / "slim" / "lib"
# The first is found on the PATH or in the system's include folders; the second is its Debian
# package.
DEBIAN = {
    "nginx": "nginx",
    "openssl": "openssl",
    "valgrind": "valgrind",
    "/usr/include/*/curl/curl.h": "libcurl4-openssl-dev",
}


def say(text):
    print(f"-- {text}", file=sys.stderr, flush=True)


def run(command, **more):
    """A command whose output is shown only if it fails."""
    done = subprocess.run(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **more,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout}\nfailed with {done.returncode}")
    return done.stdout


def debian(needs):
    """Installs the Debian packages of what is missing, if this may be done here."""
    path = os.environ["PATH"] + ":/usr/sbin"
    missing = [
        package
        for tool, package in needs.items()
        if not (any(Path("/").glob(tool[1:])) if tool.startswith("/") else shutil.which(tool, path=path))
    ]
    if not missing:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise SystemExit(f"missing: {' '.join(missing)} (Debian and Ubuntu: apt-get install {' '.join(missing)})")
    say(f"installing {' '.join(missing)}")
    run(["apt-get", "update", "-q"])
    run(
        ["apt-get", "install", "-qy", "--no-install-recommends", *missing],
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
    )


def c_programs(*names, library=LIBRARY):
    """The contenders in C, and what measures them; all when none is named. Ours is linked with what
    ships."""
    OUT.mkdir(parents=True, exist_ok=True)
    if not (library / "libiplaygames.so.0").exists():
        (library / "libiplaygames.so.0").symlink_to("libiplaygames.so")
    flags = ["-O2", "-Wall", "-Wextra", "-Werror", "-I", ROOT / "include"]
    ours = ["-L", library, "-liplaygames", f"-Wl,-rpath,{library}"]
    links = {
        "raw_socket": [],
        "curl_easy": ["-lcurl"],
        "curl_multi": ["-lcurl"],
        "ours": ours,
        "server": [],
        "startup_ours": ["-ldl"],
        "startup_curl": ["-ldl"],
        "mallocs": ["-shared", "-fPIC"],
    }
    return {name: c_program(name, flags, links[name]) for name in names or links}


def c_program(name, flags, link):
    program = OUT / (f"{name}.so" if "-shared" in link else name)
    run([os.environ.get("CC", "cc"), *flags, HERE / "contenders" / f"{name}.c", "-o", program, *link])
    return program


def rust_programs():
    """Built with the versions the library itself is built with, as far as its lock file names
    them."""
    say("building the contenders with reqwest (about two minutes the first time)")
    run(
        [
            os.environ.get("CARGO", "cargo"),
            "build",
            "--release",
            "--quiet",
            "--manifest-path",
            HERE / "contenders" / "reqwest" / "Cargo.toml",
        ],
        env=os.environ | {"CARGO_TARGET_DIR": str(OUT / "cargo")},
    )
    return {name: OUT / "cargo" / "release" / name for name in ("reqwest_blocking", "reqwest_async")}


def venv(packages):
    """A Python with these packages; kept from run to run."""
    folder = OUT / "venv"
    python = folder / "bin" / "python"
    if not python.exists():
        say("making a virtual environment")
        run([sys.executable, "-m", "venv", folder])
    listing = run([python, "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check"])
    have = {line.split("==")[0].lower() for line in listing.splitlines()}
    missing = [package for package in packages if package.lower() not in have]
    if missing:
        say(f"installing {' '.join(missing)} from PyPI")
        run([python, "-m", "pip", "install", "--quiet", *missing])
    return python


def python_package(python):
    """Our own Python package, into that environment. IPLAYGAMES_PYTHON names another folder, or a
    wheel."""
    source = Path(os.environ.get("IPLAYGAMES_PYTHON", ROOT / "bindings" / "python"))
    if not source.exists():
        say(f"{source} is not there: our Python package does not take part")
        return None
    say("building our Python package")
    run([python, "-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps", source])
    return python


def javascript():
    """The official JavaScript client's main file, from npm; IPLAYGAMES_JS names a checkout that is
    built."""
    if "IPLAYGAMES_JS" in os.environ:
        return os.environ["IPLAYGAMES_JS"]
    if not shutil.which("npm"):
        say("npm is not there: the official JavaScript client does not take part")
        return None
    folder = OUT / "js"
    folder.mkdir(parents=True, exist_ok=True)
    client = folder / "node_modules" / "@iplaygames" / "api-client"
    if not client.exists():
        (folder / "package.json").write_text("{}")
        done = subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "@iplaygames/api-client"],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            why = next((line for line in done.stderr.splitlines() if " error " in line), "npm failed")
            say(f"the official JavaScript client does not take part: {why.strip()}")
            return None
    return str(client)
