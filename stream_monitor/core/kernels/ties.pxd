"""Uniform numbers from a hash of a seed and an ordinal, as `slots.tie_breakers` makes them: SplitMix64."""

from libc.stdint cimport uint64_t

cdef enum:
    UNUSED = 11  # bits of a word that do not fit a double


cdef inline uint64_t mixed(uint64_t z) noexcept nogil:
    z = (z ^ (z >> 30)) * <uint64_t>0xBF58476D1CE4E5B9
    z = (z ^ (z >> 27)) * <uint64_t>0x94D049BB133111EB
    return z ^ (z >> 31)


cdef inline uint64_t started(uint64_t seed) noexcept nogil:
    """What all words of a seed begin from."""
    return mixed(seed * <uint64_t>0x9E3779B97F4A7C15)


cdef inline uint64_t word(uint64_t start, uint64_t ordinal) noexcept nogil:
    """53 bits."""
    return mixed(start + ordinal * <uint64_t>0x9E3779B97F4A7C15) >> UNUSED


cdef inline double tie_breaker(uint64_t start, uint64_t ordinal) noexcept nogil:
    """In [0, 1)."""
    return <double>word(start, ordinal) * (1.0 / 9007199254740992.0)
