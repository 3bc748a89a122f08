"""What the figures were measured on and with."""

import os
import platform
import re
import subprocess
import time
from pathlib import Path

# The Python packages that figures depend on.
TOLD = {"iplaygames-api", "iplaygames-native", "pydantic", "urllib3", "requests", "httpx", "aiohttp", "pycurl"}


def first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        return None
    lines = (done.stdout + done.stderr).strip().splitlines()
    return lines[0] if lines else None


def facts(root, python=None):
    cpu = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.M)
    facts = {
        "when": time.strftime("%Y-%m-%d", time.gmtime()),
        "commit": first_line("git", "-C", str(root), "describe", "--always", "--dirty"),
        "cpu": cpu[1] if cpu else platform.machine(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "libc": " ".join(platform.libc_ver()),
        "load before": os.getloadavg()[0],
        "rustc": first_line("rustc", "--version"),
        "cc": first_line(os.environ.get("CC", "cc"), "--version"),
        "nginx": first_line("/usr/sbin/nginx", "-v"),
        "libcurl": first_line("curl-config", "--version"),
        "valgrind": first_line("valgrind", "--version"),
        "node": first_line("node", "--version"),
    }
    if python:
        listing = subprocess.run([python, "-m", "pip", "list", "--format=freeze"], capture_output=True, text=True)
        facts["python"] = first_line(str(python), "--version")
        facts["python packages"] = [
            line for line in listing.stdout.splitlines() if re.split(r"==| @ ", line)[0].lower() in TOLD
        ]
    return facts
