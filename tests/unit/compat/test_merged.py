"""`mergedConfiguration`, from entries as they are written."""

from __future__ import annotations

from moorage.compat.reference.merged import merged_configuration


def test_the_file_s_own_keys_stay_in_their_places_and_the_rest_follows() -> None:
    own = {"image": "x", "init": False, "postCreateCommand": "b", "remoteEnv": {"A": "2"}, "unknown": 1}
    image = {"id": "f", "init": True, "postCreateCommand": "a", "remoteEnv": {"A": "1", "B": "1"}}
    found = merged_configuration(own, [image, own])
    assert list(found)[:4] == ["image", "init", "remoteEnv", "unknown"]
    assert found["init"] is True
    assert found["postCreateCommands"] == ["a", "b"]
    assert "postCreateCommand" not in found
    assert found["remoteEnv"] == {"A": "2", "B": "1"}


def test_lists_are_joined_and_the_last_mount_of_a_target_counts() -> None:
    first = {"capAdd": ["A", "B"], "mounts": ["source=a,target=/a", {"type": "volume", "target": "/b"}]}
    second = {"capAdd": ["B", "C"], "mounts": ["src=c,dst=/a"], "forwardPorts": [1, "localhost:1", "db:1"]}
    found = merged_configuration({}, [first, second])
    assert found["capAdd"] == ["A", "B", "C"]
    assert found["mounts"] == [{"type": "volume", "target": "/b"}, "src=c,dst=/a"]
    assert found["forwardPorts"] == [1, "db:1"]


def test_the_largest_requirement_counts() -> None:
    entries = [
        {"hostRequirements": {"cpus": 2, "memory": "4gb", "gpu": "optional"}},
        {"hostRequirements": {"cpus": 1, "memory": "5000000000", "gpu": True}},
        {"hostRequirements": {}},
    ]
    found = merged_configuration({}, entries)["hostRequirements"]
    assert found == {"cpus": 2, "memory": "5000000000", "gpu": {}}
    assert "hostRequirements" not in merged_configuration({}, [{"hostRequirements": {}}])


def test_what_has_no_sense_is_passed_over() -> None:
    entries = [
        {"mounts": "text", "customizations": [], "capAdd": {"a": 1}, "forwardPorts": 1, "mounts2": None}
    ]
    found = merged_configuration({"mounts": "text"}, entries)
    assert "mounts" not in found
    assert merged_configuration({}, [{"mounts": ["nonsense"]}])["mounts"] == ["nonsense"]
