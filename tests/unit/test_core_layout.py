"""How words, blocks, cells and markers become lines."""

from __future__ import annotations

from webcrm_sync.core.mail_text.layout import Layout, Span


def test_words_flow_with_one_space_between() -> None:
    layout = Layout()
    for text in ("  Dear ", "\n Kim, ", "so", "on", " \t "):
        layout.write_flowing(text)
    assert layout.text() == "Dear Kim, soon"
    assert (layout.length, layout.lines, layout.has_open_line) == (
        12,
        0,
        True,
    )  # two spaces do not count


def test_only_blanks_are_left_out_of_words() -> None:
    layout = Layout()
    layout.write_flowing("XL \t shirts,\r\n 2\f XXL")
    assert layout.text() == "XL shirts, 2 XXL"


def test_a_hard_space_becomes_an_ordinary_one() -> None:
    layout = Layout()
    layout.write_flowing("1\u00a0500 kr.")
    assert layout.text() == "1 500 kr."


def test_breaks_come_before_the_next_words_only() -> None:
    layout = Layout()
    layout.request_break(2)
    layout.write_flowing("one")
    layout.request_break(2)
    layout.request_break()
    layout.write_flowing("two")
    layout.request_break()
    layout.write_flowing("three")
    layout.request_break(2)
    assert layout.text() == "one\n\ntwo\nthree"
    assert layout.lines == 2


def test_a_requested_space_separates_words_and_begins_no_line() -> None:
    layout = Layout()
    layout.request_space()
    layout.write_flowing("one")
    layout.request_space()
    layout.write_flowing("two")
    layout.request_space()
    layout.end_line()
    layout.write_flowing("three")
    assert layout.text() == "one two\nthree"


def test_preserved_text_keeps_its_spaces_and_lines() -> None:
    layout = Layout()
    layout.write_preserved("a  b\r\n  c\r\rd\n")
    assert layout.text() == "a  b\n  c\n\nd\n"
    assert layout.lines == 4
    layout.write_preserved("e")
    assert layout.text().endswith("d\ne")


def test_a_line_of_spaces_takes_no_marker() -> None:
    layout = Layout()
    layout.list_depth = 1
    layout.set_marker("- ")
    layout.write_preserved("  ")
    layout.write_preserved("x  ")
    layout.write_preserved("  ")
    assert layout.text() == " - x    "


def test_cells_are_beside_or_below_each_other() -> None:
    layout = Layout()
    layout.write_flowing("net")
    layout.begin_cell(is_beside=True)
    layout.write_flowing("100")
    layout.end_cell()
    layout.begin_cell(is_beside=True)
    layout.end_cell()
    layout.begin_cell(is_beside=False)
    layout.write_flowing("gross")
    assert layout.text() == "net  100\ngross"


def test_a_break_does_not_part_a_cell_from_its_neighbour() -> None:
    layout = Layout()
    layout.write_flowing("net")
    layout.request_break(2)
    layout.begin_cell(is_beside=True)
    layout.request_break(2)
    layout.write_flowing("100")
    assert layout.text() == "net  100"


def test_markers_begin_lines_as_deep_as_their_list_and_quote() -> None:
    layout = Layout()
    layout.quote_depth, layout.list_depth = 2, 2
    layout.set_marker("- ")
    layout.write_flowing("one")
    layout.end_line()
    layout.write_flowing("more")
    layout.end_line()
    layout.quote_depth, layout.list_depth = 0, 1
    layout.set_marker("- ")
    layout.write_flowing("two")
    layout.end_line()
    layout.set_marker("- ")
    layout.drop_marker()
    layout.write_flowing("three")
    assert layout.text() == "> >   - one\n> >   more\n- two\nthree"


def test_a_marker_within_a_line_follows_a_space() -> None:
    layout = Layout()
    layout.write_flowing("see")
    layout.set_marker("- ")
    layout.write_flowing("one")
    assert layout.text() == "see - one"


def test_quotes_and_lists_are_shown_to_a_certain_depth() -> None:
    layout = Layout()
    layout.quote_depth, layout.list_depth = 9, 8
    layout.write_flowing("x")
    assert layout.text() == "> " * 8 + "  " * 6 + "x"


def test_a_separate_line_has_no_markers() -> None:
    layout = Layout()
    layout.quote_depth = 1
    layout.write_line("===")
    layout.write_flowing("one")
    layout.write_line("===")
    layout.request_break(2)
    layout.write_line("+++")
    assert layout.text() == "===\n> one\n===\n\n+++\n"


def test_the_text_around_words_appears_only_with_words() -> None:
    layout = Layout()
    link, empty = Span("[", "](x)"), Span("<", ">")
    layout.open_span(empty)
    layout.close_span(empty)
    layout.write_flowing("See")
    layout.open_span(link)
    layout.write_flowing(" two words")
    layout.write_flowing(" more")
    assert layout.text_in(link) == "two words more"
    assert layout.text_in(empty) == ""
    layout.close_span(link)
    assert layout.text() == "See [two words more](x)"


def test_the_text_around_words_can_be_dropped() -> None:
    layout = Layout()
    link = Span("[", "](x)")
    layout.drop_span_text(link)
    layout.open_span(link)
    layout.write_flowing("words")
    layout.drop_span_text(link)
    layout.close_span(link)
    assert layout.text() == "words"


def test_the_first_line_of_words_is_remembered() -> None:
    layout = Layout()
    layout.end_line()
    layout.end_line()
    assert layout.first_line is None
    layout.write_flowing("x")
    layout.end_line()
    layout.write_flowing("y")
    assert layout.first_line == 2
    layout.first_line = None
    layout.write_flowing("z")
    assert layout.first_line == 3


def test_spaces_that_were_written_need_no_other_space() -> None:
    layout = Layout()
    layout.write_preserved("x")
    layout.write_preserved("  ")
    layout.write_flowing("y")
    layout.request_space()
    layout.end_line()
    layout.write_preserved("  ")
    layout.write_flowing("z")
    assert layout.text() == "x  y\nz"


def test_words_lines_and_blanks_count_towards_the_length() -> None:
    layout = Layout()
    layout.write_flowing("four")
    layout.write_preserved("   ")
    layout.end_line()
    layout.end_line()
    assert layout.length == 4 + 1 + 2
    span = Span("[", "](x)")
    layout.open_span(span)
    layout.write_flowing("y")
    layout.close_span(span)
    assert layout.length == 7 + 1 + 4
