"""Jobs: items arrive, pause holds, stop keeps, a failure is words; and one queue for all, fair, with places known."""

import gc
import itertools
import threading
import time
import weakref

import pytest

from kanviz.errors import TrainError
from kanviz.ui.state.job_queue import LONG, SHORT, Turns
from kanviz.ui.state.jobs import End, Job

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


def begun(make=counting, on_item=None, **more) -> Job:
    return Job(make, on_item, **{"turns": Turns(1), **more}).start()


def ended(*jobs: Job) -> bool:
    for job in jobs:
        job.stop()
    return all(job.join(PATIENCE) for job in jobs)


def test_a_job_runs_to_its_end_and_keeps_the_last_item():
    seen = []
    job = begun(lambda: counting(20), seen.append)
    assert job.join(PATIENCE)
    assert (job.state, job.end, job.latest, job.live, seen) == ("done", End.DONE, 19, False, list(range(20)))


def test_its_seconds_end_with_it():
    job = Job(lambda: iter([1])).start()
    assert job.join(600)
    seconds = job.seconds
    time.sleep(0.01)
    assert job.seconds == seconds > 0


def test_stop_ends_between_items_and_keeps_what_there_is():
    job = begun()
    wait_for(lambda: job.latest is not None and job.latest > 3)
    job.stop()
    assert job.join(PATIENCE)
    assert (job.state, job.end) == ("stopped", End.BY_YOU)
    assert job.latest is not None


def test_the_first_reason_to_stop_is_the_one_that_is_said():
    job = begun()
    job.stop(End.CLOSED)
    job.stop()
    assert job.join(PATIENCE)
    assert str(job.end) == "no tab was open on it for a minute"


def test_pause_holds_and_resume_goes_on():
    job = begun()
    wait_for(lambda: job.latest is not None)
    job.pause()
    assert job.state == "paused"
    time.sleep(0.05)  # the item under way may still arrive
    held = job.latest
    time.sleep(0.1)
    assert job.latest == held
    job.resume()
    wait_for(lambda: job.latest is not None and held is not None and job.latest > held)
    assert ended(job)


def test_stop_ends_a_paused_job():
    job = begun()
    job.pause()
    job.stop()
    assert job.join(PATIENCE)
    assert job.state == "stopped"


def test_a_refusal_is_kept_in_its_words():
    def refuse():
        yield 1
        raise TrainError("The loss became NaN or infinite.")

    job = begun(refuse)
    assert job.join(PATIENCE)
    assert (job.state, job.end, job.error, job.latest) == ("failed", End.FAILED, "The loss became NaN or infinite.", 1)


def test_an_unforeseen_error_tells_no_internals(caplog):
    def fail():
        yield 1
        raise ZeroDivisionError("secret path /home/x")

    job = begun(fail)
    assert job.join(PATIENCE)
    assert job.state == "failed"
    assert "kept" in job.error
    assert "secret" not in job.error
    assert "secret" in caplog.text  # the server's log says it


# --- the queue ---------------------------------------------------------------------------------------------------


def held(**more) -> Job:
    """A job that gives nothing and keeps its turn."""
    return begun(lambda: itertools.repeat(None), elsewhere=True, **more)


@pytest.mark.parametrize("elsewhere", [True, False])
def test_no_more_jobs_run_than_there_are_places_and_the_others_know_theirs(elsewhere):
    queue = Turns(2)
    jobs = [held(turns=queue)]
    for n in range(4):
        jobs.append(begun(turns=queue, elsewhere=elsewhere))
        wait_for(lambda n=n: jobs[-1].state == ("waiting" if n else "running"))
    assert [job.ahead for job in jobs] == [None, None, 0, 1, 2]
    assert jobs[3].latest is None
    jobs[2].stop()  # one that waits
    assert jobs[2].join(PATIENCE)
    assert jobs[2].end is End.BY_YOU
    assert [job.ahead for job in jobs] == [None, None, None, 0, 1]
    assert ended(jobs[0])
    wait_for(lambda: jobs[3].latest is not None)
    assert ended(*jobs)
    assert not [t for t in threading.enumerate() if t.name == "kanviz-job" and t.is_alive()]


def test_nobodys_second_job_comes_before_anothers_first():
    queue = Turns(1)
    first = held(turns=queue, who="a")
    wait_for(lambda: first.state == "running")
    waiting = []
    for who in "aabc":
        waiting.append(held(turns=queue, who=who))
        wait_for(lambda: waiting[-1].state == "waiting")
    assert [job.ahead for job in waiting] == [2, 3, 0, 1]
    assert ended(first, *waiting)


def test_a_job_for_several_cores_takes_half_of_those_that_are_free():
    queue, jobs = Turns(8), []
    for most in (9, 1, 9, 9):
        jobs.append(held(turns=queue, most=most))
        wait_for(lambda: jobs[-1].cores)
    assert [job.cores for job in jobs] == [4, 1, 2, 1]
    assert ended(*jobs)


def test_a_paused_job_holds_no_place():
    queue = Turns(1)
    first = begun(turns=queue)
    wait_for(lambda: first.latest is not None)
    second = begun(turns=queue)
    first.pause()
    wait_for(lambda: second.latest is not None)
    first.resume()
    wait_for(lambda: first.state == "waiting")
    assert ended(second)
    wait_for(lambda: first.state == "running")
    assert ended(first)


def test_trainings_give_their_turn_to_each_other():
    looks = itertools.count()
    queue = Turns(
        1, clock=lambda: next(looks) * SHORT
    )  # from one look at the clock to the next, a job has had its time
    jobs = [begun(turns=queue) for _ in range(4)]
    for job in jobs:
        wait_for(lambda job=job: job.latest is not None and job.latest > 5)
    assert ended(*jobs)


def test_work_that_cannot_be_interrupted_waits_longer():
    now = 0.0
    queue = Turns(1, clock=lambda: now)
    training = begun(turns=queue)
    wait_for(lambda: training.latest is not None)
    search = held(turns=queue)
    wait_for(lambda: search.state == "waiting")
    now, before = LONG - 0.1, training.latest
    wait_for(lambda: training.latest is not None and before is not None and training.latest > before + 5)
    assert search.state == "waiting"
    now = LONG
    wait_for(lambda: (search.state, training.state) == ("running", "waiting"))
    assert ended(training, search)


def test_the_queue_forgets_who_is_gone():
    class Person:
        pass

    queue, who = Turns(1), Person()
    job = held(turns=queue, who=who)
    assert ended(job)
    gone = weakref.ref(who)
    del who, job
    gc.collect()
    assert gone() is None
