"""Each parameter that cannot be used is refused with one line that says who, what must hold and what arrived."""

from __future__ import annotations

import math

import pytest
import torch

from spikewright import neurons

BAD = [
    ("ALIF", {"tau_mem": 0.0, "tau_adapt": 0.1}, r"ALIF.tau_mem: must be > 0 seconds; got 0.0"),
    (
        "ALIF",
        {"tau_mem": 0.02, "tau_adapt": -1.0},
        r"ALIF.tau_adapt: must be > 0 seconds; got -1.0. For a fixed threshold",
    ),
    ("ALIF", {"tau_mem": 0.02, "tau_adapt": 0.1, "v_threshold": 0.0}, r"ALIF.v_threshold: must be > 0; got 0.0"),
    ("ALIF", {"tau_mem": 0.02, "tau_adapt": 0.1, "scale": -0.5}, r"ALIF.scale: must lie in \[0, inf\]; got -0.5"),
    (
        "CUBA",
        {"tau_mem": -0.02, "tau_syn": 0.01},
        r"CUBA.tau_mem: must be > 0 seconds; got -0.02. For no leak use CurrentIF",
    ),
    (
        "CUBA",
        {"tau_mem": 0.02, "tau_syn": 0.0},
        r"CUBA.tau_syn: must be > 0 seconds; got 0.0. For delta synapses use LIF",
    ),
    ("CUBA", {"tau_mem": 0.02, "tau_syn": 0.01, "v_threshold": math.nan}, r"CUBA.v_threshold: must be finite; got nan"),
    ("CUBA", {"tau_mem": 0.02, "tau_syn": 0.01, "v_leak": math.inf}, r"CUBA.v_leak: must be finite; got inf"),
    (
        "CUBA",
        {"tau_mem": 0.02, "tau_syn": 0.01, "v_reset": math.inf},
        r"CUBA.v_reset: must be finite; got inf. To subtract",
    ),
    ("ConductanceLIF", {"tau_mem": 0.0}, r"ConductanceLIF.tau_mem: must be > 0 seconds; got 0.0"),
    ("ConductanceLIF", {"tau_ge": -1.0}, r"ConductanceLIF.tau_ge: must be > 0 seconds; got -1.0"),
    ("ConductanceLIF", {"tau_gi": 0.0}, r"ConductanceLIF.tau_gi: must be > 0 seconds; got 0.0"),
    ("ConductanceLIF", {"tau_theta": 0.0}, r"ConductanceLIF.tau_theta: must be > 0 seconds; got 0.0"),
    ("ConductanceLIF", {"tau_ref": -1e-3}, r"ConductanceLIF.tau_ref: must lie in \[0, inf\]; got -0.001"),
    ("ConductanceLIF", {"theta_plus": -0.1}, r"ConductanceLIF.theta_plus: must lie in \[0, inf\]; got -0.1"),
    ("ConductanceLIF", {"theta": math.nan}, r"ConductanceLIF.theta: must be finite; got nan"),
    ("ConductanceLIF", {"e_inh": -math.inf}, r"ConductanceLIF.e_inh: must be finite; got -inf"),
    ("CurrentIF", {"tau_syn": 0.0}, r"CurrentIF.tau_syn: must be > 0 seconds; got 0.0. For delta synapses use IF"),
    ("CurrentIF", {"tau_syn": 0.01, "v_threshold": math.inf}, r"CurrentIF.v_threshold: must be finite; got inf"),
    ("CurrentIF", {"tau_syn": 0.01, "v_reset": math.nan}, r"CurrentIF.v_reset: must be finite; got nan. To subtract"),
    ("EscapeSRM", {"tau_mem": 0.0}, r"EscapeSRM.tau_mem: must be > 0 seconds; got 0.0"),
    ("EscapeSRM", {"tau_mem": 0.02, "tau_syn": 0.0}, r"EscapeSRM.tau_syn: must be > 0 seconds; got 0.0. .* use None"),
    ("EscapeSRM", {"tau_mem": 0.02, "v_threshold": math.nan}, r"EscapeSRM.v_threshold: must be finite; got nan"),
    ("EscapeSRM", {"tau_mem": 0.02, "rate": 0.0}, r"EscapeSRM.rate: must be > 0 Hz; got 0.0"),
    ("PromptCUBA", {"tau_mem": -0.02, "tau_syn": 0.01}, r"PromptCUBA.tau_mem: must be > 0 seconds; got -0.02"),
    (
        "PromptCUBA",
        {"tau_mem": 0.02, "tau_syn": 0.0},
        r"PromptCUBA.tau_syn: must be > 0 seconds; got 0.0. For delta synapses use LIF",
    ),
    ("PromptCUBA", {"tau_mem": 0.02, "tau_syn": 0.01, "gain": math.inf}, r"PromptCUBA.gain: must be finite; got inf"),
    (
        "PromptCUBA",
        {"tau_mem": 0.02, "tau_syn": 0.01, "v_threshold": math.nan},
        r"PromptCUBA.v_threshold: must be finite; got nan",
    ),
    ("PromptCUBA", {"tau_mem": 0.02, "tau_syn": 0.01, "v_leak": math.inf}, r"PromptCUBA.v_leak: must be finite"),
    (
        "PromptCUBA",
        {"tau_mem": 0.02, "tau_syn": 0.01, "v_reset": math.inf},
        r"PromptCUBA.v_reset: must be finite; got inf. To subtract",
    ),
    ("EscapeSRM", {"tau_mem": 0.02, "softness": 0.0}, r"EscapeSRM.softness: must be > 0; got 0.0. .* use LIF or CUBA"),
    ("EscapeSRM", {"tau_mem": 0.02, "eta": -1.0}, r"EscapeSRM.eta: must lie in \[0, inf\]; got -1.0"),
    ("EscapeSRM", {"tau_mem": 0.02, "tau_eta": 0.0}, r"EscapeSRM.tau_eta: must be > 0 seconds; got 0.0"),
    ("EscapeSRM", {"tau_mem": 0.02, "seed": -1}, r"EscapeSRM.seed: must be >= 0; got -1"),
    ("EscapeSRM", {"tau_mem": 0.02, "seed": 2**32}, r"EscapeSRM.seed: must lie in \[0, .*\]; got 4294967296"),
    ("HodgkinHuxley", {"g_na": 0.0}, r"HodgkinHuxley.g_na: must be > 0; got 0.0"),
    ("HodgkinHuxley", {"e_k": math.nan}, r"HodgkinHuxley.e_k: must be finite; got nan"),
    ("HodgkinHuxley", {"dt_max": 0.0}, r"HodgkinHuxley.dt_max: must be > 0 seconds; got 0.0"),
    ("IF", {"v_threshold": math.inf}, r"IF.v_threshold: must be finite; got inf"),
    ("IF", {"v_start": math.nan}, r"IF.v_start: must be finite; got nan"),
    ("IF", {"v_reset": math.nan}, r"IF.v_reset: must be finite; got nan. To subtract the threshold use None"),
    ("Integrator", {"tau_mem": 0.0}, r"Integrator.tau_mem: must be > 0 seconds; got 0.0. For no leak use None"),
    ("Izhikevich", {"a": 0.0}, r"Izhikevich.a: must be > 0; got 0.0"),
    ("Izhikevich", {"d": math.nan}, r"Izhikevich.d: must be finite; got nan"),
    ("LIF", {"tau_mem": -0.02}, r"LIF.tau_mem: must be > 0 seconds; got -0.02. For no decay use IF"),
    ("LIF", {"tau_mem": 0.02, "v_threshold": math.nan}, r"LIF.v_threshold: must be finite; got nan"),
    ("LIF", {"tau_mem": 0.02, "v_leak": math.nan}, r"LIF.v_leak: must be finite; got nan"),
    (
        "LIF",
        {"tau_mem": 0.02, "v_reset": math.nan},
        r"LIF.v_reset: must be finite; got nan. To subtract the threshold use None",
    ),
    ("ArcTan", {"slope": 0.0}, r"ArcTan.slope: must be > 0; got 0.0"),
    ("Boxcar", {"width": -1.0}, r"Boxcar.width: must be > 0; got -1.0"),
    ("FastSigmoid", {"slope": math.inf}, r"FastSigmoid.slope: must be > 0; got inf"),
    ("Gaussian", {"width": 0.0}, r"Gaussian.width: must be > 0; got 0.0"),
    ("Sigmoid", {"slope": -4.0}, r"Sigmoid.slope: must be > 0; got -4.0"),
    ("Triangle", {"width": 0.0}, r"Triangle.width: must be > 0; got 0.0"),
    ("Triangle", {"height": -0.3}, r"Triangle.height: must be > 0; got -0.3"),
]


@pytest.mark.parametrize(("name", "parameters", "message"), BAD, ids=lambda part: part if isinstance(part, str) else "")
def test_bad_parameter_is_refused(name, parameters, message):
    """At construction, before anything runs."""
    with pytest.raises(ValueError, match=message):
        getattr(neurons, name)(**parameters)


def test_one_bad_neuron_of_many_is_refused():
    """A tensor is checked element by element, and the message gives its range."""
    with pytest.raises(
        ValueError, match=r"LIF.tau_mem: must be > 0 seconds; got a tensor of \(3,\) from -0.01 to 0.02"
    ):
        neurons.LIF(tau_mem=torch.tensor([0.01, -0.01, 0.02]))


def test_seed_must_be_whole():
    """A seed of 1.5 is a mistake, not a 1."""
    # Where types are checked at run time, that check comes first and names the parameter too.
    with pytest.raises(TypeError, match=r"EscapeSRM.seed: must be a whole number; got 1.5|parameter 'seed'"):
        neurons.EscapeSRM(tau_mem=0.02, seed=1.5)
