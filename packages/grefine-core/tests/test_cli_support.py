from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from grefine_core.cli_support import check_map_file, one_sentence_errors, print_json, say
from grefine_core.errors import InputError, WeightsError


@pytest.mark.parametrize("kind", [InputError, WeightsError])
def test_known_error_becomes_one_line_and_exit_code_2(
    kind: type[Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    @one_sentence_errors
    def command() -> None:
        raise kind("a.png is\n  damaged.")

    with pytest.raises(SystemExit) as caught:
        command()
    assert caught.value.code == 2
    assert capsys.readouterr().err == "Error: a.png is damaged.\n"


def test_unknown_error_keeps_its_traceback() -> None:
    @one_sentence_errors
    def command() -> None:
        raise KeyError("bug")

    with pytest.raises(KeyError):
        command()


def test_signature_and_result_pass_through() -> None:
    @one_sentence_errors
    def command(name: str, *, loud: bool = False) -> str:
        return name.upper() if loud else name

    assert list(inspect.signature(command).parameters) == ["name", "loud"]
    assert command("a", loud=True) == "A"


def test_import_loads_nothing_heavy() -> None:
    code = "import sys, grefine_core.cli_support; print(sorted({'torch', 'numpy', 'PIL'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("map.jpg", "must end in .png, got map.jpg"),
        ("none/map.png", "of --map does not exist"),
        ("picture.png", "would overwrite the picture"),
        ("folder.png", "names a folder"),
    ],
)
def test_map_that_could_not_be_written_is_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(InputError, match=message):
        check_map_file(tmp_path / name, tmp_path / "picture.png")
    check_map_file(tmp_path / "map.png", tmp_path / "picture.png")


def test_notes_go_to_stderr_and_rows_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    say("a note")
    print_json({"path": "größe"})
    assert capsys.readouterr() == ('{"path": "gr\\u00f6\\u00dfe"}\n', "a note\n")
