"""The blank-image experiment over seeds and learning rates: how close the fit comes, and what the strides leave.

One JSON line a run. A run of 1,000 steps at 128 pixels takes minutes.

    python -m benchmarks.lab --seeds 3
"""

from __future__ import annotations

import argparse
import json

from difreg.lineage.lab import told
from difreg.registry.solvers.blank import LEARNING_RATE, SIZE, STEPS, fit_blank


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--size", type=int, default=SIZE)
    parser.add_argument("--learning-rates", type=float, nargs="+", default=[LEARNING_RATE, 10 * LEARNING_RATE])
    args = parser.parse_args()
    for rate in args.learning_rates:
        for seed in range(args.seeds):
            found = told(fit_blank(size=args.size, steps=args.steps, seed=seed, learning_rate=rate))
            first, last = found.snapshots[0], found.snapshots[-1]
            row = {
                "measure": "blank",
                "learning_rate": rate,
                "seed": seed,
                "size": found.size,
                "steps": found.steps,
                "accepted": found.accepted,
                "fitted": found.fitted,
                "mean_error": round(last.mean_error, 3),
                "largest_error": round(last.largest_error, 2),
                "strides_first": {s.stride: round(s.ratio, 2) for s in first.strides},
                "strides_last": {s.stride: round(s.ratio, 2) for s in last.strides},
                "mean_output_error": round(found.means[-1].mean_error, 2),
                "mean_output_strides_first": {s.stride: round(s.ratio, 2) for s in found.means[0].strides},
                "mean_output_strides_last": {s.stride: round(s.ratio, 2) for s in found.means[-1].strides},
                "seconds": round(found.seconds),
            }
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
