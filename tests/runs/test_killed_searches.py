"""A tree search whose process is killed and resumed ends like an undisturbed one."""

import random
import runpy
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent


def test_a_tree_search_that_is_killed_ends_like_the_undisturbed_one(tmp_path: Path) -> None:
    space: dict[str, Any] = runpy.run_path(str(ROOT / "benchmarks" / "kill_and_resume.py"))
    server = space["CountingServer"](seconds=0.1)
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    calm.mkdir()
    killed.mkdir()
    flags = [*server.flags, "--seed", "1", "--strategy", "uct"]
    job = space["solving"](tmp_path, flags, "server", 1)
    wanted, seconds = space["undisturbed"](job, calm)
    draw = random.Random(1)
    waits = iter([draw.uniform(0.5, 0.9) * seconds, *[10 * seconds] * 50])
    came, kills = space["disturbed"](job, killed, waits)
    assert len(kills) <= 1
    assert came == wanted
