"""Lays out the package for Unity's package manager, for archive.py.

Unity knows a file by the GUID in its .meta file, and a project refers to files by GUID. So the
GUIDs are kept in bindings/unity/guids.json: a new file of the package gets a line there, and a file
that moves keeps its GUID.
"""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "bindings/unity"
NAME = "ai.iplaygames.native"

# With the operating system in the editor, and the player that the library is for.
PLUGIN = """PluginImporter:
  externalObjects: {}
  serializedVersion: 2
  iconMap: {}
  executionOrder: {}
  defineConstraints: []
  isPreloaded: 0
  isOverridable: 0
  isExplicitlyReferenced: 0
  validateReferences: 1
  platformData:
  - first:
      Any:
    second:
      enabled: 0
      settings: {}
  - first:
      Editor: Editor
    second:
      enabled: 1
      settings:
        CPU: x86_64
        DefaultValueInitialized: true
        OS: @EDITOR@
  - first:
      Standalone: @PLAYER@
    second:
      enabled: 1
      settings:
        CPU: x86_64
  userData:
  assetBundleName:
  assetBundleVariant:
"""
SCRIPT = """MonoImporter:
  externalObjects: {}
  serializedVersion: 2
  defaultReferences: []
  executionOrder: 0
  icon: {instanceID: 0}
  userData:
  assetBundleName:
  assetBundleVariant:
"""
OTHER = """  externalObjects: {}
  userData:
  assetBundleName:
  assetBundleVariant:
"""


def importer(path):
    """Returns the part of a .meta file that follows the GUID."""
    if path.is_dir():
        return "folderAsset: yes\nDefaultImporter:\n" + OTHER
    if path.suffix == ".so":
        return PLUGIN.replace("@EDITOR@", "Linux").replace("@PLAYER@", "Linux64")
    if path.suffix == ".dll":
        return PLUGIN.replace("@EDITOR@", "Windows").replace("@PLAYER@", "Win64")
    if path.suffix == ".cs":
        return SCRIPT
    if path.suffix == ".asmdef":
        return "AssemblyDefinitionImporter:\n" + OTHER
    if path.name == "package.json":
        return "PackageManifestImporter:\n" + OTHER
    return "TextScriptImporter:\n" + OTHER


def manifest(version):
    return {
        "name": NAME,
        "version": version,
        "displayName": "IPlayGames",
        "description": "Client for the IPlayGames game-aggregator API: start, check and end game sessions",
        "unity": "2019.4",
        "license": "MIT OR Apache-2.0",
        "samples": [
            {
                "displayName": "Session",
                "description": "A component that starts, watches and ends a game session",
                "path": "Samples~/Session",
            }
        ],
    }


def package(tree, version, put):
    """Writes the package into tree/unity. `put(source, target)` puts a file into its place."""
    root = tree / "unity" / NAME
    put(SOURCE / "README.md", root / "README.md")
    for script in ["IPlayGames.cs", "HostTransport.cs", "UnityWebRequestTransport.cs"]:
        put(SOURCE / script, root / "Runtime" / script)
    put(SOURCE / "IPlayGames.asmdef", root / "Runtime/IPlayGames.asmdef")
    put(SOURCE / "SessionExample.cs", root / "Samples~/Session/SessionExample.cs")
    if (tree / "bin/iplaygames.dll").exists():
        put(tree / "bin/iplaygames.dll", root / "Plugins/x86_64/iplaygames.dll")
    else:
        put(tree / "lib/libiplaygames.so", root / "Plugins/x86_64/libiplaygames.so")
    put(ROOT / "CHANGELOG.md", root / "CHANGELOG.md")
    put(ROOT / "LICENSE-MIT", root / "LICENSE.md")
    put(tree / "share/doc/iplaygames/THIRD-PARTY-LICENSES.txt", root / "Third Party Notices.md")
    (root / "package.json").write_text(json.dumps(manifest(version), indent=2) + "\n")
    guids = json.loads((SOURCE / "guids.json").read_text())
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if name.endswith("~"):  # Unity does not import this folder; a project copies a sample out of it.
            continue
        if name not in guids:
            raise SystemExit(f"bindings/unity/guids.json has no GUID of {name}. Add one: 32 new hexadecimal digits.")
        path.with_name(path.name + ".meta").write_text(f"fileFormatVersion: 2\nguid: {guids[name]}\n{importer(path)}")
