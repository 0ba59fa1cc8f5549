"""Rows that tell two models apart: at every threshold, just beside it, and over the range where the model's features lie."""

import numpy

ROWS = 768


def draw(converted, width, seed=1):
    """ROWS rows of 64-bit numbers, the same ones each time."""
    random = numpy.random.default_rng(seed)
    rows = converted.centre + converted.spread * random.normal(size=(ROWS, width)) * random.choice([0.1, 1.0, 3.0, 30.0], size=(ROWS, 1))
    rows[ROWS // 3 : ROWS // 2] = numpy.round(rows[ROWS // 3 : ROWS // 2])
    for feature, splits in converted.splits.items():
        if len(splits):
            rows[ROWS // 2 :, feature] = _near(random, splits, ROWS - ROWS // 2)
    return rows


def _near(random, splits, count):
    """Thresholds, their neighbours among 64-bit and 32-bit numbers, and numbers between them."""
    chosen = random.choice(splits, size=count)
    single = chosen.astype(numpy.float32)
    kinds = [
        chosen, numpy.nextafter(chosen, numpy.inf), numpy.nextafter(chosen, -numpy.inf), single.astype(numpy.float64),
        numpy.nextafter(single, numpy.float32(numpy.inf)).astype(numpy.float64),
        numpy.nextafter(single, numpy.float32(-numpy.inf)).astype(numpy.float64),
        random.uniform(splits[0] - 1, splits[-1] + 1, size=count),
    ]  # fmt: skip
    return numpy.choose(random.integers(len(kinds), size=count), kinds)
