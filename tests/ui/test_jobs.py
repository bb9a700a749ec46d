"""Jobs: items arrive, pause holds, stop keeps, a failure is words, nobody looking ends it."""

import itertools
import threading
import time

from kanviz.errors import TrainError
from kanviz.ui import jobs
from kanviz.ui.jobs import Job

PATIENCE = 10.0  # seconds until a wait in these tests gives up


def wait_for(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)


def counting(limit=None):
    for n in itertools.count() if limit is None else range(limit):
        time.sleep(0.001)
        yield n


def test_a_job_runs_to_its_end_and_keeps_the_last_item():
    seen = []
    job = Job(lambda: counting(20), seen.append).start()
    assert job.join(PATIENCE)
    assert (job.state, job.latest, job.live, seen) == ("done", 19, False, list(range(20)))


def test_stop_ends_between_items_and_keeps_what_there_is():
    job = Job(counting).start()
    wait_for(lambda: job.latest is not None and job.latest > 3)
    job.stop()
    assert job.join(PATIENCE)
    assert job.state == "stopped"
    assert job.latest is not None


def test_pause_holds_and_resume_goes_on():
    job = Job(counting).start()
    wait_for(lambda: job.latest is not None)
    job.pause()
    assert job.state == "paused"
    time.sleep(0.05)  # the item under way may still arrive
    held = job.latest
    time.sleep(0.1)
    assert job.latest == held
    job.resume()
    wait_for(lambda: job.latest is not None and held is not None and job.latest > held)
    job.stop()
    assert job.join(PATIENCE)


def test_stop_ends_a_paused_job():
    job = Job(counting).start()
    job.pause()
    job.stop()
    assert job.join(PATIENCE)
    assert job.state == "stopped"


def test_a_refusal_is_kept_in_its_words():
    def refuse():
        yield 1
        raise TrainError("The loss stopped being a number.")

    job = Job(refuse).start()
    assert job.join(PATIENCE)
    assert (job.state, job.error, job.latest) == ("failed", "The loss stopped being a number.", 1)


def test_an_unforeseen_error_tells_no_internals(caplog):
    def fail():
        yield 1
        raise ZeroDivisionError("secret path /home/x")

    job = Job(fail).start()
    assert job.join(PATIENCE)
    assert job.state == "failed"
    assert "kept" in job.error
    assert "secret" not in job.error
    assert "secret" in caplog.text  # the server's log says it


def test_a_job_nobody_looks_at_ends_by_itself(monkeypatch):
    monkeypatch.setattr(jobs, "ORPHAN_AFTER", 0.05)
    job = Job(counting).start()
    assert job.join(PATIENCE)
    assert job.state == "stopped"


def test_several_jobs_share_the_turns_and_all_advance():
    running = [Job(counting).start() for _ in range(4)]
    for job in running:
        wait_for(lambda job=job: job.latest is not None and job.latest > 5)
    for job in running:
        job.stop()
    assert all(job.join(PATIENCE) for job in running)
    assert not [t for t in threading.enumerate() if t.name == "kanviz-job" and t.is_alive()]
