from poster import poster


def test_a_poster_is_saved(tmp_path):
    poster("a red fox", tmp_path / "fox.png")
    assert (tmp_path / "fox.png").exists()
