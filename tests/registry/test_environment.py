import subprocess
import sys
from importlib.metadata import version

from onion_pipeline.registry.environment import describe_environment, find_version
from onion_pipeline.workers.parallel import count_processors


def test_a_library_that_is_not_installed_has_no_version():
    assert find_version("keras") == version("keras")
    assert find_version("no-such-library-exists") is None


def test_the_environment_names_libraries_threads_and_the_commit(tmp_path):
    command = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-C", str(tmp_path)]
    subprocess.run([*command, "init", "-q"], check=True)
    subprocess.run([*command, "commit", "-qm", "First", "--allow-empty"], check=True)
    head = subprocess.run([*command, "rev-parse", "HEAD"], capture_output=True, check=True)
    described = describe_environment(tmp_path)
    assert described["git.commit"] == head.stdout.decode().strip()
    assert described["python"] == sys.version.split()[0]
    assert described["processors"] == str(count_processors())
    assert described["keras"] == version("keras")


def test_a_project_outside_git_has_an_unknown_commit(tmp_path, monkeypatch):
    assert describe_environment(tmp_path)["git.commit"] == "unknown"
    monkeypatch.setenv("PATH", "")
    assert describe_environment(tmp_path)["git.commit"] == "unknown"
