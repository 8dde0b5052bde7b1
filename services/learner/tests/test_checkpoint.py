from pathlib import Path

import pytest

from gqr_learner.checkpoint import claim, fingerprint, write_atomically


def test_a_job_finds_its_checkpoint_again_and_another_job_does_not(tmp_path: Path) -> None:
    folder = claim(tmp_path, "job-1")
    (folder / "state").write_text("x")
    assert (claim(tmp_path, "job-1") / "state").exists()
    assert not (claim(tmp_path, "job-2") / "state").exists()


def test_the_fingerprint_follows_config_and_content(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.write_text("one")
    first = fingerprint({"seed": 1, "variant": "ctx"}, [data])
    assert fingerprint({"variant": "ctx", "seed": 1}, [data]) == first
    assert fingerprint({"variant": "ctx", "seed": 2}, [data]) != first
    data.write_text("two")
    assert fingerprint({"variant": "ctx", "seed": 1}, [data]) != first


def test_an_interrupted_write_leaves_the_old_content(tmp_path: Path) -> None:
    target = tmp_path / "state"
    target.write_text("old")

    def fail_half_way(path: Path) -> None:
        path.write_text("ne")
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        write_atomically(target, fail_half_way)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
