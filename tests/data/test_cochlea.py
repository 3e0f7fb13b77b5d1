"""The filter bank: what can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from spikewright.data import Cochlea

RATE = 8000


def tone(hertz, seconds=1.0, start=0.0):
    time = np.arange(round(seconds * RATE)) / RATE
    return np.sin(2 * np.pi * hertz * time) * (time >= start)


def test_centres_are_even_on_the_scale_of_bandwidths():
    """Neighbours are the same number of equivalent rectangular bandwidths apart: the integral of df / B(f)."""
    cochlea = Cochlea(channels=16, lowest=150.0, highest=3000.0)
    apart = np.diff(9.26449 * np.log(24.7 + cochlea.centres / 9.26449))
    np.testing.assert_allclose(apart, apart[0], rtol=1e-10)
    np.testing.assert_allclose(cochlea.centres[[0, -1]], [150, 3000], rtol=1e-12)


@pytest.mark.parametrize("channel", [3, 10, 20, 28])
def test_a_filter_has_gain_one_at_its_centre_and_the_right_bandwidth(channel):
    """The gain peaks at the centre with 1; a gammatone of order 4 with b = 1.019 B passes white power like a band of B.

    The band is told from the response by Parseval: its energy times half the rate is the integral of the squared gain
    over positive frequencies. 2 %: 1.019 is rounded, and a low filter also passes its own negative frequencies.
    """
    cochlea = Cochlea()
    response, centre = cochlea.responses[channel], cochlea.centres[channel]
    hertz = centre + np.linspace(-50, 50, 201)
    gain = np.abs(np.exp(-2j * np.pi * np.outer(hertz, np.arange(len(response))) / RATE) @ response)
    assert gain[100] == pytest.approx(1, rel=0.02)
    assert abs(hertz[gain.argmax()] - centre) < 0.1 * (24.7 + centre / 9.26449)
    assert np.square(response).sum() * RATE / 2 == pytest.approx(24.7 + centre / 9.26449, rel=0.02)


@pytest.mark.parametrize("channel", [4, 15, 27])
def test_a_tone_excites_its_channel_most(channel):
    cochlea = Cochlea()
    levels = cochlea(tone(cochlea.centres[channel]))
    assert levels.shape == (64, 32)
    assert levels.dtype == np.float32
    assert (levels[10:50].argmax(1) == channel).all()
    assert levels.max() == 1


def test_loudness_and_beginning_do_not_matter():
    """A recording ten times as loud, or one that begins later by whole frames, gives the same levels."""
    cochlea = Cochlea(frames=40)
    sound = tone(700, 0.3)
    # Float32 arithmetic: 1e-6 relative, that is 1e-5 dB or so; silence before the sound adds none.
    np.testing.assert_allclose(cochlea(10 * sound), cochlea(sound), atol=1e-4)
    late = np.concatenate([np.zeros(20 * 128), sound])
    np.testing.assert_allclose(cochlea(late), cochlea(sound), atol=1e-4)
    assert not cochlea(late)[:6].any()
    assert cochlea(late)[6].max() > 0.5


def test_levels_are_in_decibels():
    """A second tone 20 dB below the first lies 20/30 lower; far apart, the two do not disturb each other."""
    cochlea = Cochlea(decibels=30.0)
    low, high = 8, 26
    # The first difference raises a tone by 2 sin(pi f / rate); this is taken out.
    raised = 2 * np.sin(np.pi * cochlea.centres / RATE)
    both = tone(cochlea.centres[low]) / raised[low] + 0.1 * tone(cochlea.centres[high]) / raised[high]
    levels = cochlea(both)[20:50].mean(0)
    # 0.5 dB: the mean over a frame takes in different fractions of a period at the two frequencies.
    assert (levels[low] - levels[high]) * 30 == pytest.approx(20, abs=0.5)


def test_long_sounds_are_cut_and_silence_is_zero():
    cochlea = Cochlea(frames=20)
    long = tone(500, 2.0)
    np.testing.assert_array_equal(cochlea(long), cochlea(long[: 14 * 128]))
    assert (cochlea(long[: 13 * 128])[19] < cochlea(long)[19]).any()
    assert not cochlea(np.zeros(100)).any()
    assert cochlea(np.ones(1)).shape == (20, 32)


@pytest.mark.parametrize("sound", [np.zeros(0), np.zeros((2, 10))])
def test_no_sound_is_refused(sound):
    with pytest.raises(ValueError, match="a sound must be 1-D and hold at least one sample"):
        Cochlea()(sound)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"channels": 0}, "Cochlea.channels: must be >= 1"),
        ({"frames": 0}, "Cochlea.frames: must be >= 1"),
        ({"lowest": 0.0}, "Cochlea.lowest: must be > 0 Hz"),
        ({"highest": 4001.0}, r"Cochlea.highest: must lie in \[100, 4000\]"),
        ({"decibels": 0.0}, "Cochlea.decibels: must be > 0"),
        ({"frame": 1e-5}, "Cochlea.frame: must lie in"),
        ({"onset": -1.0}, "Cochlea.onset: must be > 0"),
        ({"lead": -1}, "Cochlea.lead: must be >= 0"),
    ],
)
def test_parameters_are_checked(parameters, message):
    with pytest.raises(ValueError, match=message):
        Cochlea(**parameters)
