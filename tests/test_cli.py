import argparse
import gzip
import re
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest

from stream import __version__, cli
from stream.bench.runs import Done, Run
from stream.cli import COMMANDS, main
from stream.config import as_toml
from stream.event.fields import RECORD
from stream.learning.weights import Weights, load_weights
from stream.options import parser
from stream.runtime import kafka, local, machine
from stream.runtime.machine import Given
from stream.runtime.pipeline import Pipeline
from tests.bench.outcomes import outcome, trial
from tests.runtime.fake import FakePipeline

CHECKOUT = Path(__file__).parent.parent
START_MS = 1_775_606_400_000
LINES = b"".join(b'{"time": %d, "account_id": "a%d"}\n' % (START_MS + n * 60_000, n % 3) for n in range(300))


@pytest.fixture(autouse=True)
def _without_a_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "Pipeline", lambda settings: FakePipeline())


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.ndjson"
    path.write_bytes(LINES)
    return path


def leaves(top: argparse.ArgumentParser) -> list[str]:
    actions = [action for action in top._actions if isinstance(action, argparse._SubParsersAction)]
    if not actions:
        return [top.prog.removeprefix("shoal ")]
    return [name for sub in actions[0].choices.values() for name in leaves(sub)]


def test_every_command_has_a_function() -> None:
    assert sorted(leaves(parser())) == sorted(COMMANDS)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([*command.split(), "--help"])
    assert left.value.code == 0
    assert f"usage: shoal {command}" in capsys.readouterr().out


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"shoal {__version__}\n"


def _broken(path: Path) -> Path:
    packed = gzip.compress(LINES * 50)
    (path / "broken.ndjson.gz").write_bytes(packed[: len(packed) // 2])
    return path / "broken.ndjson.gz"


def _empty(path: Path) -> Path:
    (path / "empty.ndjson").touch()
    return path / "empty.ndjson"


def _wrong(path: Path) -> Path:
    (path / "wrong.toml").write_text("[windows]\ntick = 1\n")
    return path / "wrong.toml"


def _links(path: Path) -> Path:
    (path / "links.toml").write_text('[links]\ntable = "/nowhere.toml"\n')
    return path / "links.toml"


def _login(path: Path) -> Path:
    (path / "login.toml").write_text('[kafka]\nsecurity_protocol = "SASL_SSL"\n')
    return path / "login.toml"


def _key(path: Path) -> Path:
    text = '[kafka]\nsecurity_protocol = "SSL"\nssl_certfile = "/nowhere.pem"\n'
    (path / "key.toml").write_text(text)
    return path / "key.toml"


def _log(path: Path) -> Path:
    return path / "log.ndjson"


MISTAKES: list[tuple[str, Callable[[Path], Path], str]] = [
    ("replay /nowhere", _log, "/nowhere: no such file or folder"),
    ("replay FILE", _empty, "the file is empty"),
    ("replay FILE", _broken, "unreadable after line"),
    ("replay FILE --config /nowhere", _log, "configuration file /nowhere: No such file"),
    ("replay FILE --format telegraph", _log, "telegraph"),
    ("replay FILE --until yesterday", _log, "--until yesterday: should be an RFC 3339 time"),
    ("replay FILE --alerts /nowhere/f", _log, "/nowhere/f: cannot be written: No such file"),
    ("replay FILE --feedback /nowhere", _log, "/nowhere: No such file"),
    ("check --config FILE", _wrong, "windows.tick: no such setting; did you mean tick_s?"),
    ("check --sample FILE", _empty, "the file is empty"),
    ("check --sample FILE", _wrong, "no record could be read as native"),
    ("explain c-1 --findings /nowhere", _log, "/nowhere: No such file"),
    ("explain c-1 --findings FILE", _wrong, "not NDJSON"),
    ("simulate", _log, "should be given a folder OUT, --leaks, or both"),
    ("simulate FILE --campaigns none,sweep", _log, "unknown campaign none"),
    ("simulate FILE --campaigns sweep+sticky", _log, "sticky cannot be put on sweep: it has no dispatcher"),
    ("simulate FILE --lookalikes moon", _log, "unknown look-alike moon"),
    ("check --config FILE", _links, "link kinds /nowhere.toml"),
    (
        "check --config FILE",
        _login,
        "kafka.sasl_mechanism is not set (PLAIN, SCRAM-SHA-256 or",
    ),
    ("topics --config FILE", _login, "kafka.sasl_mechanism is not set"),
    ("produce FILE --config FILE", _key, "kafka.ssl_certfile = /nowhere.pem: No such file"),
    ("check --config FILE", _key, "kafka.ssl_certfile = /nowhere.pem: No such file"),
    ("bench speed FILE", _wrong, "should be plain NDJSON"),
    ("bench speed /nowhere", _log, "/nowhere: should be plain NDJSON: [Errno 2] No such file"),
    ("demo --out FILE", _log, "log.ndjson: File exists"),
    ("bench detection --seeds 1,x", _log, "--seeds 1,x: should be whole numbers"),
    ("bench detection --tick 1,x", _log, "--tick 1,x: should be numbers separated by commas"),
    ("bench detection --tick 0", _log, "--tick 0: should be more than 0"),
    ("bench detection --seeds ,", _log, "--seeds ,: should name one at least"),
    ("bench detection --without colour", _log, "--without colour: should be all, or some of signup"),
    ("bench detection --evasions hide", _log, "--evasions hide: should be all, or some of split"),
    ("bench detection --sensitivity x", _log, "--sensitivity x: should be all, or some of alerts.min_units"),
]


@pytest.mark.parametrize(("command", "make", "said"), MISTAKES, ids=[said for *_, said in MISTAKES])
def test_a_mistake_is_one_line_and_exit_code_2(
    command: str,
    make: Callable[[Path], Path],
    said: str,
    log: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = main(command.replace("FILE", str(make(log.parent))).split())
    error = capsys.readouterr().err
    assert code == 2
    assert re.fullmatch(r"shoal: [^\n]+\n", error)
    assert said in error


@pytest.mark.parametrize(
    "arguments",
    [[], ["fly"], ["replay"], ["bench"], ["simulate", "x", "--days", "0"], ["produce", "x", "--rate", "-1"]],
)
def test_wrong_usage_is_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert re.fullmatch(r"shoal[^\n]*: [^\n]+; see shoal[^\n]* --help\n", capsys.readouterr().err)


def test_replay_writes_findings_verdicts_and_rejects(log: Path, tmp_path: Path) -> None:
    log.write_bytes(LINES + b"nonsense\n")
    names = [tmp_path / name for name in ("f", "v", "r")]
    options = ["--alerts", str(names[0]), "--verdicts", str(names[1]), "--rejects", str(names[2])]
    assert main(["replay", str(log), *options]) == 0
    findings, verdicts, rejects = ([orjson.loads(line) for line in name.open()] for name in names)
    assert {finding["uid"] for finding in findings} == {"c-a0", "c-a1", "c-a2"}
    assert {verdict["account_id"] for verdict in verdicts} == {"a0", "a1", "a2"}
    assert [(reject["source"], reject["offset"]) for reject in rejects] == [(str(log), 300)]


def test_replay_writes_the_table_that_settings_can_name(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "Pipeline", Pipeline)
    weights, settings = tmp_path / "weights.toml", tmp_path / "shoal.toml"
    assert main(["replay", str(log), "--weights", str(weights)]) == 0
    assert load_weights(str(weights)).of("young") == Weights().of("young")
    settings.write_text(f'[alerts]\nweights = "{weights}"\n')
    assert main(["replay", str(log), "--config", str(settings)]) == 0
    weights.write_text("bias = 3.0\n")
    assert main(["replay", str(log), "--config", str(settings)]) == 2


def test_replay_says_findings_on_standard_output_and_progress_on_standard_error(
    log: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["replay", str(log)]) == 0
    told = capfdbinary.readouterr()
    assert all(orjson.loads(line)["uid"] for line in told.out.splitlines())
    assert told.err.startswith(b"replay: 100 %, 300 records to 2026-04-08 04:59")


def test_until_cuts_off(log: Path, tmp_path: Path) -> None:
    assert main(["replay", str(log), "--until", "2026-04-08T01:00:00Z", "--alerts", str(tmp_path / "f")]) == 0
    times = [orjson.loads(line)["time"] for line in (tmp_path / "f").open()]
    assert times
    assert max(times) <= "2026-04-08T01:00:00.000Z"


def test_explain_reads_what_replay_wrote(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = str(tmp_path / "findings.ndjson"), str(tmp_path / "verdicts.ndjson")
    main(["replay", str(log), "--alerts", written[0], "--verdicts", written[1]])
    capsys.readouterr()
    assert main(["explain", "c-a1", "--findings", str(tmp_path)]) == 0
    assert main(["explain", "c-a1", "--findings", written[0], "--verdicts", written[1]]) == 0
    assert capsys.readouterr().out.count("case c-a1") == 2


def test_check_prints_each_value_with_its_origin_and_no_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHOAL_INTAKE__HASH_KEY", "very-secret-indeed")
    monkeypatch.setenv("SHOAL_KAFKA__SASL_PASSWORD", "very-secret-too")
    monkeypatch.setenv("SHOAL_KAFKA__SASL_USERNAME", "shoal")
    monkeypatch.setenv("SHOAL_KAFKA__SASL_MECHANISM", "SCRAM-SHA-256")
    monkeypatch.setenv("SHOAL_KAFKA__SECURITY_PROTOCOL", "SASL_PLAINTEXT")
    assert main(["check"]) == 0
    out = capsys.readouterr().out
    assert "very-secret" not in out
    assert re.search(r"kafka\.sasl_password\s+\*+\s+environment", out)
    assert re.search(r"intake\.hash_key\s+\*+\s+environment", out)
    assert "link kinds: payment, " in out
    assert re.search(r"windows\.tick_s\s+3600\.0\s+s\s+default", out)


LITTLE = Given(4 << 30, "its control group (memory.max)")
TOO_MUCH = (
    "windows.memory_mb 8000 is more than the 4,294 MB of its control group (memory.max): set 3800 at most"
)


@pytest.mark.parametrize(("given", "said"), [(LITTLE, True), (None, False)])
def test_check_tells_what_the_budget_is_for_and_whether_it_fits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], given: Given | None, said: bool
) -> None:
    monkeypatch.setattr(machine, "given", lambda: given)
    assert main(["check"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("memory: 8,000 MB for 600,198 accounts, ") for line in lines)
    assert (TOO_MUCH in lines) == said


@pytest.mark.parametrize(("stage", "said"), [("all", True), ("judge", True), ("intake", False)])
def test_run_tells_that_the_budget_does_not_fit_where_state_is_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], stage: str, said: bool
) -> None:
    monkeypatch.setattr(machine, "given", lambda: LITTLE)
    monkeypatch.setattr(kafka, "run", lambda settings, stage: None)
    assert main(["run", "--stage", stage]) == 0
    expected = f"shoal: {TOO_MUCH}, or the kernel may end the worker"
    assert (expected in capsys.readouterr().err.splitlines()) == said


def test_check_prints_the_file_of_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--defaults"]) == 0
    assert capsys.readouterr().out == as_toml()


def test_check_of_a_sample_says_which_evidence_is_blind(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log.write_bytes(LINES + b"nonsense\n")
    assert main(["check", "--sample", str(log)]) == 0
    out = capsys.readouterr().out
    assert "300 events; refused: 1 not_json" in out
    assert re.search(r"account_id\s+100\.0 %", out)
    assert re.search(r"payment_hash\s+0\.0 %", out)
    assert re.search(r"identity\s+blind", out)


def test_run_warns_of_the_development_key(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kafka = types.ModuleType("stream.runtime.kafka")
    kafka.run = lambda settings, stage: None  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "stream.runtime.kafka", kafka)
    assert main(["run"]) == 0
    assert "development key" in capsys.readouterr().err
    monkeypatch.setenv("SHOAL_INTAKE__HASH_KEY", "very-secret-indeed")
    assert main(["run"]) == 0
    assert capsys.readouterr().err == ""


def test_ctrl_c_is_a_clean_end(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def stop(options: argparse.Namespace) -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(COMMANDS, "check", stop)
    assert main(["check"]) == 130
    assert capsys.readouterr().err == "shoal: stopped\n"


def _python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=CHECKOUT, check=False
    )


def test_a_reader_that_leaves_is_no_error() -> None:
    code = (
        "import os, sys; from stream.cli import main; r, w = os.pipe(); os.close(r); os.dup2(w, 1);"
        "sys.exit(main(['check', '--defaults']))"
    )
    done = _python(code)
    assert (done.returncode, done.stderr) == (0, "")


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from stream.options import parser; import stream.cli; parser().format_help();"
        "print(sorted({'polars', 'numpy', 'faust', 'rich', 'pydantic'} & set(sys.modules)))"
    )
    assert _python(code).stdout == "[]\n"


def test_replay_loads_no_kafka(log: Path) -> None:
    code = (
        f"import sys; from stream.cli import main; main(['replay', {str(log)!r}, '--alerts', '/dev/null']);"
        "print(sorted({'faust', 'aiokafka', 'kafka', 'mode'} & set(sys.modules)))"
    )
    assert _python(code).stdout == "[]\n"


def test_simulate_writes_a_world(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--days", "10", "--accounts", "150", "--campaigns", "sweep"]
    assert main(["simulate", str(tmp_path), *options]) == 0
    assert "sweep-1:" in capsys.readouterr().out
    events = (tmp_path / "events.ndjson").read_bytes().splitlines()
    assert set(orjson.loads(events[0])) <= {field.name for field in RECORD}
    assert "sweep-1" in orjson.loads((tmp_path / "truth.json").read_bytes())["campaigns"]


def test_campaigns_can_evade(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--days", "10", "--accounts", "60", "--lookalikes", "none"]
    assert main(["simulate", str(tmp_path), *options, "--campaigns", "usual,sweep+jitter"]) == 0
    assert "sweep-2 +jitter:" in capsys.readouterr().out
    truth = orjson.loads((tmp_path / "truth.json").read_bytes())
    assert len(truth["campaigns"]) == 8
    assert "throughput" in truth["campaigns"]["sweep-2"]["costs"]["jitter"]


def test_bench_detection_measures_what_is_asked_and_writes_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = []

    def executed(asked: list[Run], cache: Path, jobs: int, keep: bool) -> Iterator[Done]:
        kept.append(keep)
        return (Done(run, trial(run.spec.seed, outcome("sweep-1", 10, 9))) for run in asked)

    monkeypatch.setattr("stream.bench.outcomes.executed", executed)
    grids = "--without bare --evasions jitter --pairs 1 --tick 300 --ablation --lookalikes --discard"
    options = (
        f"--seeds 1,2 --campaigns sweep --sensitivity alerts.posterior --report {tmp_path} --cache {tmp_path}"
    )
    assert main(["bench", "detection", *grids.split(), *options.split()]) == 0
    told = capsys.readouterr()
    assert "seed 2, without bare: 1,000 events replayed" in told.err
    titles = [table["title"] for table in orjson.loads((tmp_path / "detection.json").read_bytes())["tables"]]
    for title in ("Detection", "Fields missing", "Evasions", "Length of the tick", "Sensitivity"):
        assert title in titles
        assert f"### {title}\n" in (tmp_path / "detection.md").read_text()
        assert title in told.out
    assert kept == [False, False]


def test_bench_detection_resumes_where_it_was_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    carried_out: list[int] = []

    def executed(asked: list[Run], cache: Path, jobs: int, keep: bool) -> Iterator[Done]:
        for run in asked:
            if len(carried_out) == 2:
                raise KeyboardInterrupt
            carried_out.append(run.spec.seed)
            yield Done(run, trial(run.spec.seed, outcome("sweep-1", 10, run.spec.seed)))

    monkeypatch.setattr("stream.bench.outcomes.executed", executed)
    command = ["bench", "detection", "--seeds", "1,2,3", "--cache", str(tmp_path)]
    assert main(command) == 130
    carried_out.pop()
    assert main([*command, "--resume"]) == 0
    assert carried_out == [1, 3]
    assert "20.0 % (6 of 30)" in capsys.readouterr().out


def test_a_world_that_leaks_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    leak = types.SimpleNamespace(figure="events", separated=0.5, direction="above")
    monkeypatch.setattr(
        "stream.simulate.simulate",
        lambda spec: types.SimpleNamespace(
            events=types.SimpleNamespace(height=0), truth=types.SimpleNamespace(accounts={}, campaigns={})
        ),
    )
    monkeypatch.setattr("stream.simulate.leaks", lambda world: [leak])
    assert main(["simulate", "--leaks"]) == 2
    assert "the world leaks: events alone separates 50.0%" in capsys.readouterr().err


def test_the_readme_knows_every_command_and_every_field() -> None:
    readme = (CHECKOUT / "README.md").read_text()
    assert [command for command in COMMANDS if f"`shoal {command}" not in readme] == []
    rows = [f"| `{field.name}` | {field.type} | {field.meaning} |" for field in RECORD]
    assert "\n".join(rows) in readme


def test_exit_codes_are_said_once() -> None:
    assert (cli._OK, cli._FAILED, cli._INTERRUPTED) == (0, 2, 130)
