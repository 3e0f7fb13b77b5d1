"""Which linear connections do no more than their weights say."""

from torch import nn

from spikewright.checks import is_plain


class _Doubled(nn.Linear):
    def forward(self, x):
        return 2 * super().forward(x)


class _Named(nn.Linear):
    """Only has another name."""


def test_what_computes_something_else_is_not_plain():
    assert is_plain(nn.Linear(2, 3), nn.Linear)
    assert is_plain(_Named(2, 3, bias=False), nn.Linear)
    assert not is_plain(_Doubled(2, 3), nn.Linear)


def test_a_hook_wants_every_call():
    for register in ("register_forward_hook", "register_forward_pre_hook", "register_full_backward_hook"):
        connection = nn.Linear(2, 3)
        handle = getattr(connection, register)(lambda *_: None)
        assert not is_plain(connection, nn.Linear), register
        handle.remove()
        assert is_plain(connection, nn.Linear)
