"""Exchange: networks to and from files, of this package and of others."""

from spikewright.exchange._c_export import export_c
from spikewright.exchange._c_source import c_source
from spikewright.exchange._convention import (
    NORSE,
    ROCKPOOL,
    SINABS,
    SNNTORCH,
    SPIKINGJELLY,
    Convention,
    Euler,
    Exact,
    Norse,
    Rockpool,
    Sinabs,
)
from spikewright.exchange._file import load, load_notes, save
from spikewright.exchange._from_onnx import from_onnx
from spikewright.exchange._from_torch import from_torch
from spikewright.exchange._nir_export import export_file, export_nir
from spikewright.exchange._open import ModelFile, is_model_file, open_model, open_network
from spikewright.exchange._unsaid import Unsaid
from spikewright.exchange._values import decode, encode

__all__ = [
    "NORSE",
    "ROCKPOOL",
    "SINABS",
    "SNNTORCH",
    "SPIKINGJELLY",
    "Convention",
    "Euler",
    "Exact",
    "ModelFile",
    "Norse",
    "Rockpool",
    "Sinabs",
    "Unsaid",
    "c_source",
    "decode",
    "encode",
    "export_c",
    "export_file",
    "export_nir",
    "from_onnx",
    "from_torch",
    "is_model_file",
    "load",
    "load_notes",
    "open_model",
    "open_network",
    "save",
]
