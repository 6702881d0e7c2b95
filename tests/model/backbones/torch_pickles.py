"""Files as ``torch.save`` wrote them before PyTorch 1.6, sound and hostile, without PyTorch."""

import io
import pickle
import struct

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C
HEADER = (MAGIC, 1001, {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}})
SOUND = {"weight": ("FloatStorage", "7", 6, 0, (2, 3), (3, 1))}
NUMBERS = {"7": np.arange(6, dtype="<f4")}


class Named:
    """Is pickled as a name alone, whether or not there is such a thing here."""

    def __init__(self, module, name):
        self.module, self.name = module, name


class Reduced:
    """Is pickled as a call of what has a name."""

    def __init__(self, named, *arguments):
        self.named, self.arguments = named, arguments


class Reference(tuple):
    """Is pickled as a reference to what is not in the pickle."""


def text(value):
    encoded = value.encode()
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def write(value):
    """Return the instructions of a pickle that build a value."""
    match value:
        case Named():
            built = f"c{value.module}\n{value.name}\n".encode()
        case Reduced():
            built = write(value.named) + write(value.arguments) + b"R"
        case Reference():
            built = write(tuple(value)) + b"Q"
        case str():
            built = text(value)
        case tuple():
            built = b"(" + b"".join(map(write, value)) + b"t"
        case dict():
            items = b"".join(write(key) + write(each) for key, each in value.items())
            built = b"}(" + items + b"u"
        case _:
            built = pickle.dumps(value, 2)[2:-1]  # without PROTO and STOP
    return built


def as_pickle(value):
    return b"\x80\x02" + write(value) + b"."


def describe_tensor(kind, key, size, *layout, view=None):
    """Return a tensor in a storage; its layout are its offset, shape and strides."""
    reference = Reference(("storage", Named("torch", kind), key, "cpu", size, view))
    hooks = Reduced(Named("collections", "OrderedDict"))
    return Reduced(Named("torch._utils", "_rebuild_tensor_v2"), reference, *layout, False, hooks)


def make_file(tensors=SOUND, numbers=NUMBERS, header=HEADER, keys=None, tree=None):
    """Return the content of a file with tensors, each as `describe_tensor` takes it."""
    described = {name: describe_tensor(*each) for name, each in tensors.items()}
    file = io.BytesIO()
    for part in (*header, described if tree is None else tree):
        file.write(as_pickle(part))
    file.write(pickle.dumps(list(numbers) if keys is None else keys, 2))
    for each in numbers.values():
        file.write(struct.pack("<q", len(each)) + each.tobytes())
    return file.getvalue()
