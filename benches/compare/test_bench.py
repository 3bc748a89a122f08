"""What the harness itself gets right; every verdict hangs on it."""

import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import instructions
import servers
import targets
from measure import percentile, summary
from report import number


def run_of(times, calls_per_s=1000.0):
    return {
        "times": sorted(times),
        "calls_per_s": calls_per_s,
        "cpu_us": 1.0,
        "switches_per_call": 1.0,
        "rss_kb": 1,
        "threads": 1,
        "calls": len(times),
    }


class Instructions(unittest.TestCase):
    def test_growth_beyond_what_is_allowed_fails(self):
        rows, bad = instructions.compare({"a": 105.1, "b": 104.9}, {"a": 100, "b": 100}, 0.05)
        self.assertEqual(bad, ["a"])
        self.assertEqual([row[-1] for row in rows], ["GREW", "ok"])

    def test_fewer_instructions_pass(self):
        self.assertEqual(instructions.compare({"a": 10}, {"a": 100}, 0.05)[1], [])

    def test_a_scenario_without_a_baseline_fails_and_so_does_a_baseline_without_a_scenario(self):
        self.assertEqual(instructions.compare({"new": 1}, {"old": 1}, 0.05)[1], ["new", "old (counted no more)"])

    def test_the_committed_baseline_has_every_scenario(self):
        kept = json.loads(instructions.BASELINE.read_text())
        self.assertEqual(list(kept["instructions"]), list(instructions.SCENARIOS))


class Figures(unittest.TestCase):
    def test_a_percentile_is_a_time_that_was_measured(self):
        times = list(range(100))
        self.assertEqual([percentile(times, share) for share in (0, 0.5, 0.99, 1)], [0, 50, 99, 99])

    def test_rounds_come_together_as_the_median_of_each(self):
        whole = summary([run_of([1000, 2000, 3000]), run_of([5000] * 3), run_of([4000] * 3)])
        self.assertEqual((whole["p50_us"], whole["calls"]), (4.0, 9))
        self.assertEqual(whole["p50_rounds_us"], [2.0, 5.0, 4.0])

    def test_numbers_show_the_digits_that_matter(self):
        self.assertEqual(
            [number(value) for value in (None, 0, 12345.6, 152.4, 0.0372, 1.234)],
            ["–", "0", "12,346", "152", "0.0372", "1.23"],
        )


class Targets(unittest.TestCase):
    def test_a_target_is_met_at_its_limit_and_not_beyond(self):
        most = targets.Target("", 2, "at most", "", lambda r: r["x"])
        least = targets.Target("", 2, "at least", "", lambda r: r["x"])
        self.assertEqual([most.met(x) for x in (1, 2, 2.1)], [True, True, False])
        self.assertEqual([least.met(x) for x in (1.9, 2, 3)], [False, True, True])

    def test_what_was_not_measured_is_neither_met_nor_missed(self):
        rows = targets.verdicts(targets.NATIVE + targets.PYTHON, {})
        self.assertEqual({row["met"] for row in rows}, {None})

    def test_a_thousand_in_flight_is_compared_with_the_better_of_two(self):
        at = {
            "ours": {"calls_per_s": 120.0, "threads": 1},
            "libcurl multi, epoll": {"calls_per_s": 100.0},
            "libcurl multi, poll": {"calls_per_s": 60.0},
        }
        self.assertEqual(targets.flight("ours")({"flight": {"http": {"1000": at}}}), 1.2)

    def test_two_are_compared_round_by_round(self):
        # The second round is twice as slow for both, and the third an accident.
        ours, theirs = {"p50": [80, 160, 500]}, {"p50": [100, 200, 100]}
        self.assertEqual(targets.paired(ours, theirs, "p50"), 0.8)


class Servers(unittest.TestCase):
    def test_a_body_has_exactly_the_size_it_is_asked_for_and_is_json(self):
        for size in servers.SIZES[1:]:
            document = servers.document_of(size)
            self.assertEqual(len(document), size)
            self.assertEqual(json.loads(document)["data"]["status"], "active")


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=0).result
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad} passed, {bad} failed")
    sys.exit(1 if bad else 0)
