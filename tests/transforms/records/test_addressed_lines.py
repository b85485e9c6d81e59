from hypothesis import given
from hypothesis import strategies as st

from transforms.records.addressed_lines import json_line, read_line, write_lines, write_lists


def test_lines_are_read_at_their_addresses(tmp_path):
    values = [{"a": [1, None]}, [], "é\udc80\n", 7]
    addresses = write_lines(tmp_path / "file", map(json_line, values))
    assert [read_line(tmp_path / "file", address) for address in reversed(addresses)] == values[::-1]
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@given(st.lists(st.sampled_from([0, 1, 999, 1000, 1001, 2500]), max_size=4))
def test_lists_come_back_whole_a_thousand_items_a_line(tmp_path_factory, lengths):
    path = tmp_path_factory.mktemp("lists") / "file"
    lists = [list(range(number, number + length)) for number, length in enumerate(lengths)]
    for items, addresses in zip(lists, write_lists(path, *lists), strict=True):
        assert [item for address in addresses for item in read_line(path, address)] == items
        assert len(addresses) == -(-len(items) // 1000)
