"""Arrays that NumPy saved are read to the last bit; what holds anything but numbers, or is forged, is refused."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from kanviz.errors import LoadError
from kanviz.io.containers import open_contents
from kanviz.io.npz import looks_like_npz, npz_bytes, read_arrays

ROWS = np.random.default_rng(0).normal(size=(7, 3))


def saved(**arrays) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def zipped(members: dict[str, bytes], how: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def npy(header: str, numbers: bytes = b"", version: bytes = b"\1\0") -> bytes:
    return b"\x93NUMPY" + version + len(header).to_bytes(2, "little") + header.encode("latin-1") + numbers


@pytest.mark.parametrize("kind", ["<f4", "<f8", ">f8", "<i4", "<u8", "?"])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_come_back_to_the_last_bit(kind, save, tmp_path):
    x = (10 * np.abs(ROWS)).astype(kind)
    save(path := tmp_path / "rows.npz", x=x, y=np.asfortranarray(x))

    found = read_arrays(path)

    assert all(found[name].tobytes() == x.astype(x.dtype.newbyteorder("=")).tobytes() for name in ("x", "y"))


def test_arrays_that_are_written_are_read_here_and_by_numpy():
    content = npz_bytes({"x": ROWS, "y": ROWS[:, 0]})
    numpy = np.load(io.BytesIO(content), allow_pickle=False)

    assert {name: values.tobytes() for name, values in numpy.items()} == {
        name: values.tobytes() for name, values in read_arrays(content).items()
    }
    assert list(numpy) == ["x", "y"]


def test_half_precision_becomes_float32():
    assert read_arrays(saved(x=ROWS.astype("f2")))["x"].dtype == np.float32


@pytest.mark.parametrize("shape", [(), (0, 3), (4,), (2, 1, 3)])
def test_arrays_of_every_shape_are_read(shape):
    assert read_arrays(saved(x=np.ones(shape)))["x"].shape == shape


def test_only_the_arrays_that_are_asked_for_are_read():
    assert list(read_arrays(saved(x=ROWS, y=ROWS, names=np.array(["a", "b"])), "x")) == ["x"]


def test_an_array_of_another_name_is_named():
    with pytest.raises(LoadError, match="has no array y; its arrays are x and target"):
        read_arrays(saved(x=ROWS, target=ROWS), "x", "y")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.array([{}, None]), "Python objects"),
        (np.array(["a"]), "text"),
        (np.ones(3, complex), "complex numbers"),
        (np.array(["2026-11-30"], "M8[D]"), "dates"),
        (np.zeros(2, [("a", "f4"), ("b", "i8")]), "named fields"),
        (np.ones(2, np.longdouble), "values of type <f16"),
    ],
)
def test_values_that_are_no_numbers_are_refused_by_their_kind(values, words):
    file = io.BytesIO()
    np.savez(file, allow_pickle=True, x=values)
    with pytest.raises(LoadError, match=rf"^x (holds|is) .*{words}"):
        read_arrays(file.getvalue())


HEADER = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (npy(HEADER, bytes(8)), "8 bytes, not 2 numbers"),
        (npy(HEADER, bytes(24)), "24 bytes, not 2 numbers"),
        (npy(HEADER.replace("(2,)", "(99999999999,)")), "axis longer"),
        (npy(HEADER.replace("(2,)", "(1, 1, 1, 1, 1, 1, 1, 1, 1)"), bytes(8)), "9 axes"),
        (npy(HEADER.replace("(2,)", "(-2,)")), "header"),
        (npy(HEADER.replace("(2,)", "(__import__('os'),)")), "header"),
        (npy("{'descr': '<f8'}\n"), "header"),
        (npy(HEADER.replace("'shape'", "'more': 'x', 'shape'"), bytes(16)), "header"),
        (npy(HEADER, bytes(16), b"\4\0"), "no array of NumPy"),
        (b"\x93NUMPY", "no array of NumPy"),
        (b"", "no array of NumPy"),
    ],
)
def test_a_forged_header_is_refused(content, words):
    with pytest.raises(LoadError, match=words):
        read_arrays(zipped({"x.npy": content}))


def test_a_small_file_that_unpacks_to_a_large_one_is_refused():
    bomb = zipped({"x.npy": npy(HEADER.replace("(2,)", "(12500000,)"), bytes(100_000_000))}, zipfile.ZIP_DEFLATED)
    with pytest.raises(LoadError, match=r"The arrays take 100.0 MB; the limit is 64"):
        read_arrays(bomb)


def test_a_member_that_unpacks_to_more_than_it_declares_is_refused():
    packed = bytearray(zipped({"x.npy": npy(HEADER, bytes(16))}, zipfile.ZIP_DEFLATED))
    size = packed.rindex(b"PK\x01\x02") + 24
    packed[size : size + 4] = (40).to_bytes(4, "little")
    with pytest.raises(LoadError, match="does not unpack to the size that it declares"):
        read_arrays(bytes(packed))


@pytest.mark.parametrize("cut", [1, 30, 400])
def test_a_file_that_is_cut_short_is_refused(cut):
    with pytest.raises(LoadError, match="damaged or incomplete"):
        read_arrays(saved(x=ROWS)[:-cut])


def test_every_damaged_byte_of_the_numbers_is_found():
    damaged = bytearray(saved(x=ROWS))
    damaged[damaged.index(ROWS.tobytes()) + 5] ^= 1
    with pytest.raises(LoadError, match="checksum"):
        read_arrays(bytes(damaged))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (zipped({"data.txt": b"1,2"}), "has no arrays of NumPy"),
        (b"x,y\n1,2\n", "no .npz file"),
        (b"", "no .npz file"),
        (b"\x93NUMPY\x01\x00", "single array"),
    ],
)
def test_other_files_are_refused_with_the_lines_that_save_one(content, words):
    with pytest.raises(LoadError, match=rf"{words}.*numpy\.savez\(path, x=x, y=y\)"):
        read_arrays(content)


def test_a_file_of_arrays_is_no_model():
    with pytest.raises(LoadError, match=r"\.npz file of arrays, not a model"):
        open_contents(saved(x=ROWS), "rows.npz")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(LoadError, match="cannot be opened"):
        read_arrays(Path(tmp_path, "no.npz"))


def test_files_of_numpy_are_told_from_other_archives():
    assert looks_like_npz(saved(x=ROWS))
    assert not looks_like_npz(zipped({"xl/workbook.xml": b""}))
