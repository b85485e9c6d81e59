from hypothesis import given
from hypothesis import strategies as st

from transforms.records.plan_file import json_line, read_line, write_lines, write_list


def test_lines_are_read_at_their_addresses(tmp_path):
    values = [{"a": [1, None]}, [], "é\udc80\n", 7]
    addresses = write_lines(tmp_path / "file", map(json_line, values))
    assert [read_line(tmp_path / "file", address) for address in reversed(addresses)] == values[::-1]
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@given(st.sampled_from([0, 1, 99, 100, 101, 250]))
def test_a_list_comes_back_whole_a_hundred_items_a_line(tmp_path_factory, length):
    path = tmp_path_factory.mktemp("list") / "file"
    addresses = write_list(path, [[number, number] for number in range(length)])
    assert [item for address in addresses for item in read_line(path, address)] == [[n, n] for n in range(length)]
    assert len(addresses) == -(-length // 100)
