"""The parts that packages for phones and Macs share: headers, documents, and archives whose bytes
depend only on their files. `apple.py` and `android.py` use it.
"""

import os
import re
import shutil
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADERS = [
    "include/iplaygames.h",
    "include/iplaygames_sandbox.h",
    "bindings/cpp/iplaygames.hpp",
    "bindings/cpp/iplaygames_coroutines.hpp",
]
NINETEEN_EIGHTY = 315532800  # a zip archive knows no older time


def version():
    """Returns the version of the library, from the header."""
    text = (ROOT / "include/iplaygames.h").read_text(encoding="utf-8")
    return re.search(r'^#define IPG_VERSION_STRING "(.+)"$', text, re.M)[1]


def put_headers(folder):
    """Copies the headers into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for header in HEADERS:
        shutil.copyfile(ROOT / header, folder / Path(header).name)


def put_licenses(folder, third_party):
    """Copies the licences into a folder. `third_party` is the file that licenses.py wrote."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ["LICENSE-MIT", "LICENSE-APACHE"]:
        shutil.copyfile(ROOT / name, folder / name)
    shutil.copyfile(third_party, folder / "THIRD-PARTY-LICENSES.txt")


def zip_folder(folder, archive, prefix=""):
    """Packs a folder: sorted, without owners, and with the time SOURCE_DATE_EPOCH, or 1980."""
    age = time.gmtime(max(int(os.environ.get("SOURCE_DATE_EPOCH", NINETEEN_EIGHTY)), NINETEEN_EIGHTY))[:6]
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(prefix + path.relative_to(folder).as_posix(), age)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            packed.writestr(entry, path.read_bytes())
    print(f"{archive}: {archive.stat().st_size} bytes")
