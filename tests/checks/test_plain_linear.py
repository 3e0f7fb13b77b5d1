"""Which linear connections do no more than their weights say."""

from torch import nn

from spikewright.checks import is_plain_linear


class _Doubled(nn.Linear):
    def forward(self, x):
        return 2 * super().forward(x)


class _Named(nn.Linear):
    """Only has another name."""


def test_what_computes_something_else_is_not_plain():
    assert is_plain_linear(nn.Linear(2, 3))
    assert is_plain_linear(_Named(2, 3, bias=False))
    assert not is_plain_linear(_Doubled(2, 3))


def test_a_hook_wants_every_call():
    for register in ("register_forward_hook", "register_forward_pre_hook", "register_full_backward_hook"):
        connection = nn.Linear(2, 3)
        handle = getattr(connection, register)(lambda *_: None)
        assert not is_plain_linear(connection), register
        handle.remove()
        assert is_plain_linear(connection)
