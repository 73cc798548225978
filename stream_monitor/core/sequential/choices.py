"""Every number of the sequential test that was chosen by measuring, in one place: what it bets on, watches and waits for."""

from typing import Final

import numpy as np

from stream_monitor.core.sequential.schedule import Schedule

# Learning and patience.
LEARN: Final = 16  # blocks whose values give the slots
NUMERIC_BINS: Final = 32
FEW: Final = 6  # distinct values up to which each has a bin of its own
PATIENT: Final = 20  # warm-ups; an alarm sooner than that after a start doubles the next warm-up
LONGEST: Final = 1024 * LEARN

# The test.
PARTS: Final = 2  # of a block; evidence moves with each of them, decisions are made at the end of the block
# Share of the budget spent on few levels: their bins are chosen by looking at values, not at ranks alone.
LEVELS_SHARE: Final = 0.8
RENEWALS: Final = Schedule(first=LEARN, least=1, growth=0.06)  # blocks at which the tables are made anew
TAIL: Final = 4  # places of the first and of the last of the ordered bins
CONFIRM: Final = 16  # blocks after an alarm within which another confirms it

# What a bettor on ordered bins expects after a change, and its share of the evidence.
SHIFTS: Final = {0.1: 0.06, 0.25: 0.06, 0.55: 0.0835, 1.1: 0.0715}  # standard deviations, up and down
SCALES: Final = {1.4: 0.07, 0.7: 0.07}
SKEWED: Final = (
    1.6,
    0.05,
)  # shape of a standardised gamma distribution, both ways; share of what was usual mixed in
TILT: Final = 0.6  # of the fourth Legendre polynomial of the ranks, both ways
OUTLIERS: Final = (0.01, 5.0)  # so much of one end becomes so many times as likely, at either end
SHARE_SHAPES: Final = 0.04  # of each of the six
MEMORY: Final = 200.0  # values; of the bettors that expect what they have seen lately
RECENT_EVERY: Final = 4  # blocks: at every fourth their tables are made anew
CAUTION: Final = 0.1  # share of the urn in their tables
DEGREE: Final = 4  # of the polynomial that smooths what one of them has seen, over the urn
LEAST: Final = 0.05  # of the smoothed ratio
SHARE_RECENT: Final = 0.035  # of each of the two

# And on few levels: the odds of one of them change, or all tilt towards one end.
ODDS: Final = np.array([1.7, 3.5, 0.6])
TILTS: Final = np.array([1.3, 1.8, 3.0, 0.75, 0.5])
SHARE_ODDS: Final = 0.4

# And on a constant: how often another value comes.
RATES: Final = np.array([0.003, 0.03, 0.3])
NOTHING: Final = 1e-9  # evidence that is taken for none there

# The whiteness gate and the views.
LOOKS: Final = Schedule(
    first=LEARN, least=16, growth=0.1
)  # blocks; each look sees the past up to the look before
# chi-squared with 4 degrees of freedom exceeds it once in 200,000 looks: a white series looks often, and loses its past with it
SIGNIFICANT: Final = 30.0
MATERIAL: Final = 1.3  # 1 + 2 Σ |r_k|
SLOW: Final = 0.3  # variance of block means over what it is for white values: so far above 1 is material,
SLOW_NOISE: Final = 5.0  # if it is so many standard errors as well
SLOW_RATE: Final = 0.25  # of the running mean of block means that is taken off a view
SLOW_SIGNIFICANT: Final = 7.0  # n r² from which it is
VIEW_WARM_UP: Final = (
    32  # blocks of another view than the value that must be seen before evidence counts in it
)
INDIRECT_WEIGHT: Final = 0.5  # what the budget of a block is worth there
RUN_RATE: Final = 1.0 / 16.0  # of the running mean of block means whose variance says what is slower still
INFLATED: Final = 2.5  # variance of sums of a view over that of white values: so much closes it, and less tempers its evidence
INFLATED_NOISE: Final = 2.0  # standard errors that are granted to it, over lags and blocks
RUN_NOISE: Final = 1.0  # and over the running mean
SIZE_RATE: Final = 0.06  # of the running mean of the sizes of values of a view, by which its next are divided
LEAST_SIZE: Final = 0.1  # of what is usual, to divide by
ENOUGH: Final = 400  # values of a view before its gate judges it
LARGEST: Final = 6.0  # standardised values are cut there before they are forecast
VISITS: Final = 3  # of an hour of the day, before its usual counts
