from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.devcontainer import properties
from moorage.devcontainer.host_requirements import (
    Capacity,
    Gpu,
    Requirements,
    check,
    maximum,
    requirements,
    size,
)

GB = 2**30
gpus = st.none() | st.just("optional") | st.builds(Gpu, cores=st.integers(0, 9), memory=st.integers(0, 9))
wants = st.builds(
    Requirements,
    cpus=st.integers(0, 9),
    memory=st.integers(0, 9),
    storage=st.integers(0, 9),
    gpu=gpus,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8gb", 8 * GB),
        ("8GB", 8 * GB),
        ("512mb", 512 * 2**20),
        ("1kb", 1024),
        ("2tb", 2 * 2**40),
        ("123", 123),
        (None, 0),
        ("", 0),
        ("8x", 0),
        ("${localEnv:X}", 0),
    ],
)
def test_sizes(text: str | None, expected: int) -> None:
    assert size(text) == expected


def test_requirements_in_numbers() -> None:
    given = properties.HostRequirements(cpus=2, memory="1gb", gpu=True)
    assert requirements(given) == Requirements(cpus=2, memory=GB, gpu=Gpu())
    assert requirements(None) == Requirements()


def test_a_gpu_with_numbers() -> None:
    cores = properties.HostRequirements(gpu=properties.Gpu(cores=1000))
    memory = properties.HostRequirements(gpu=properties.Gpu(memory="1gb"))
    assert requirements(cores).gpu == Gpu(cores=1000, memory=0)
    assert requirements(memory).gpu == Gpu(cores=0, memory=GB)
    assert requirements(properties.HostRequirements(gpu="optional")).gpu == "optional"
    assert requirements(properties.HostRequirements(gpu=False)).gpu is None


@given(wants, wants, wants)
def test_maximum_is_a_union(a: Requirements, b: Requirements, c: Requirements) -> None:
    assert maximum(a, b) == maximum(b, a)
    assert maximum(a, maximum(b, c)) == maximum(maximum(a, b), c)
    assert maximum(a, a) == a
    assert maximum(a, Requirements()) == a


def test_what_the_machine_lacks_in_sentences() -> None:
    wanted = Requirements(cpus=8, memory=16 * GB, storage=2**40, gpu=Gpu())
    there = Capacity(cpus=2, memory=int(3.5 * GB), storage=100 * GB)
    assert [each.text for each in check(wanted, there)] == [
        "The configuration asks for 8 CPUs; the machine has 2.",
        "The configuration asks for 16 GB of memory; the machine has 3.5 GB.",
        "The configuration asks for 1 TB of storage; the machine has 100 GB.",
        "The configuration asks for a GPU; the machine offers none.",
    ]


def test_what_is_unknown_or_optional_never_falls_short() -> None:
    assert check(Requirements(cpus=8, memory=GB, storage=GB, gpu="optional"), Capacity()) == ()
    assert check(Requirements(cpus=8, gpu=Gpu()), Capacity(cpus=8, gpu=True)) == ()


@pytest.mark.parametrize(
    ("memory", "told"),
    [(5, "5 bytes"), (2 * 2**10, "2 KB"), (3 * 2**20 // 2, "1.5 MB"), (GB, "1 GB"), (2**40, "1 TB")],
)
def test_bytes_in_the_largest_unit(memory: int, told: str) -> None:
    [one] = check(Requirements(memory=memory), Capacity(memory=memory - 1))
    assert f"asks for {told} of memory" in one.text
