"""Counts of training: how they add up."""

from spikewright.cost import TrainingCost

ONE = TrainingCost(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 40)
OTHER = TrainingCost(100, 200, 300, 400, 500, 600, 700, 800, 900, 3, 80)


def test_counts_add_up_and_what_is_kept_at_once_does_not():
    """Of two histories the larger one needs the memory, number by number."""
    assert TrainingCost(101, 202, 303, 404, 505, 606, 707, 808, 909, 10, 80) == ONE + OTHER
    assert ONE + TrainingCost() == ONE


def test_means_are_over_samples_and_a_history_is_that_of_one():
    """By name, as records hold them."""
    means = OTHER.per_sample(200)
    assert list(means.values()) == [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 3.0, 80.0]
    assert (means["forward_accumulates"], means["neuron_updates"], means["history_values"]) == (0.5, 4.5, 3.0)


def test_uses_of_synapses():
    """Forward, back, and updates; neither the optimiser's numbers nor traces nor neurons are synapses."""
    assert (ONE.forward, ONE.backward, ONE.synaptic_operations) == (3, 12, 3 + 12 + 6)
