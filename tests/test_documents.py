"""What the documents say holds."""

import re
import tomllib
from pathlib import Path
from typing import Any

import refinegraph
from refinegraph.graphs.strategies import STRATEGIES

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


def test_python_of_the_readme_runs() -> None:
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(blocks) == 1
    space: dict[str, Any] = {}
    exec(compile(blocks[0], "README.md", "exec"), space)
    result = space["state"]["result"]
    assert result.solved is True
    assert result.rounds == 1


def test_readme_names_every_strategy_and_no_other() -> None:
    table = README.split("## Strategies")[1].split("`refinegraph graph")[0]
    assert re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE) == list(STRATEGIES)


def test_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    top = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert top is not None
    assert project["version"] == refinegraph.__version__ == top[1]


def test_every_public_name_is_there() -> None:
    for name in refinegraph.__all__:
        assert getattr(refinegraph, name) is not None
