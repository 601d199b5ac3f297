"""Background processes give way to the web process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.running import ROOT

NICENESS = "import os; print('niceness', os.getpriority(os.PRIO_PROCESS, 0))"
COMMAND = f"""
import atexit, runpy, sys
atexit.register(lambda: exec({NICENESS!r}))
sys.argv = ["manage.py", sys.argv[1], "--help"]
runpy.run_path("manage.py", run_name="__main__")
"""


def python(code: str, *arguments: str, **environment: str) -> str:
    """What it prints, as the leader of a session of its own."""
    env = {name: value for name, value in os.environ.items() if name != "BACKGROUND_NICENESS"} | environment
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, check=True, start_new_session=True
    )
    return done.stdout


@pytest.mark.parametrize(("command", "niceness"), [("gateway", 10), ("qcluster", 10), ("session", 0), ("migrate", 0)])
def test_the_gateway_and_the_worker_give_way(command: str, niceness: int) -> None:
    assert python(COMMAND, command).endswith(f"niceness {niceness}\n")


def test_it_can_be_chosen_and_switched_off() -> None:
    assert python(COMMAND, "gateway", BACKGROUND_NICENESS="12").endswith("niceness 12\n")
    assert python(COMMAND, "gateway", BACKGROUND_NICENESS="0").endswith("niceness 0\n")


def test_who_leads_a_session_says_it_for_the_session(tmp_path: Path) -> None:
    group = tmp_path / "autogroup"
    code = "import sys; from pathlib import Path; from tgadmin import priority; "
    code += "priority.lower_priority(7, Path(sys.argv[1]))"
    python(f"import os; os.fork() and os._exit(os.wait()[1]); {code}", str(group))
    assert not group.exists()
    python(code, str(group))
    assert group.read_text() == "7"


def test_a_niceness_that_was_chosen_stays(tmp_path: Path) -> None:
    code = f"import os; os.nice(3); from tgadmin.priority import lower_priority; lower_priority(7); {NICENESS}"
    assert python(code) == "niceness 3\n"


def test_where_nobody_may_choose_it_goes_on(tmp_path: Path) -> None:
    code = "from pathlib import Path; from tgadmin import priority; priority.lower_priority(7, Path('/none')); "
    code += NICENESS
    assert python(code) == "niceness 7\n"


def test_a_niceness_that_there_is_not_is_refused() -> None:
    code = "from tgadmin import settings"
    with pytest.raises(subprocess.CalledProcessError) as refused:
        python(code, BACKGROUND_NICENESS="20")
    assert "BACKGROUND_NICENESS must be a whole number from 0 to 19." in refused.value.stderr
