"""Cells become detections, detections are matched with boxes, and a lead is chosen on tiles."""

import io

import numpy as np
import pytest
from PIL import Image

from bnn.errors import UserError
from neuraljet.mapping.boxes import ClassScore, Truth, matched, read_boxes, scores
from neuraljet.mapping.cells import Box, Detection, Geometry, counts, detections
from neuraljet.mapping.drawing import DRAWN, RIGHT, WRONG, drawn
from neuraljet.mapping.lead import best_lead, largest_leads

CLASSES = ("bent", "ok", "worn")
GEOMETRY = Geometry(window=16, pitch=8, least=10)
HEAD = "scene,left,top,right,bottom,class\n"


def some_scores(rows, columns, **leads):
    """Return scores of a map in which `ok` is at 5 and cells "y_x" lead it so."""
    found = np.zeros((3, rows, columns), np.int64)
    found[1] = 5
    for place, (label, lead) in leads.items():
        _, y, x = place.split("_")
        found[label, int(y), int(x)] = 5 + lead
    return found


def test_cells_that_touch_are_one_detection_of_the_class_that_leads_most():
    map_ = some_scores(6, 8, at_1_1=(0, 4), at_2_2=(2, 9), at_2_3=(0, 4), at_5_7=(2, 3), at_0_7=(2, 2))
    found = detections(map_, 1, 3, GEOMETRY, (56, 72))
    assert [(each.label, each.lead, each.cells) for each in found] == [(2, 9, 3), (2, 3, 1)]
    # rows 1 to 2, columns 1 to 3: their middles are at 16 to 24 and 16 to 32, and each is 8 wide
    assert found[0].box == Box(12, 12, 36, 28)
    assert found[1].box == Box(59, 43, 69, 53)  # at least 10 wide about 64, 48
    assert counts(found, CLASSES) == {"worn": 2}
    assert detections(map_, 1, 10, GEOMETRY, (56, 72)) == []


def test_a_box_ends_at_the_edge_of_the_picture():
    found = detections(some_scores(2, 2, at_1_1=(0, 1)), 1, 1, Geometry(16, 8, 40), (25, 30))
    assert found[0].box == Box(0, 0, 30, 25)


def test_each_box_is_found_once_by_the_first_that_overlaps_it_enough_and_has_its_class():
    truths = [Truth(0, Box(0, 0, 10, 10)), Truth(2, Box(100, 100, 110, 110))]
    found = [
        Detection(2, Box(0, 0, 10, 10), 9, 1),  # another class
        Detection(0, Box(4, 0, 14, 10), 8, 1),  # 60 of 140
        Detection(0, Box(0, 0, 10, 10), 7, 1),  # taken
        Detection(2, Box(105, 100, 115, 110), 6, 1),  # 50 of 150, which is 0.333
        Detection(2, Box(106, 100, 116, 110), 5, 1),  # 40 of 160
    ]
    assert matched(found, truths) == [None, 0, None, 1, None]
    total, each = scores([found, []], [truths, [Truth(0, Box(0, 0, 5, 5))]], CLASSES)
    assert total == ClassScore(3, 5, 2, 0.4, 2 / 3, 0.5)
    assert set(each) == {"bent", "worn"} and each["worn"] == ClassScore(1, 3, 1, 1 / 3, 1.0, 0.5)


def test_boxes_are_read_by_their_pictures_names(tmp_path):
    path = tmp_path / "boxes.csv"
    path.write_text("class,scene,left,top,right,bottom,who\nworn,a.png,1,2,3,4,me\nbent,a.png,5,6,7,8,me\n")
    assert read_boxes(path, CLASSES) == {"a.png": [Truth(2, Box(1, 2, 3, 4)), Truth(0, Box(5, 6, 7, 8))]}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("scene,left,top\n", "has no column right, bottom, class"),
        (HEAD + "a.png,1,2,3,x,worn\n", "line 2: the box 1, 2, 3, x is not four whole numbers"),
        (HEAD + "a.png,1,2,1,4,worn\n", "line 2: the box from 1, 2 to 1, 4 is empty"),
        (HEAD + "a.png,1,2,3,4,worn\nb.png,1,2,3,4,odd\n", "line 3: class 'odd' is unknown; the network has bent, ok"),
        (HEAD + "a.png,1,2\n", "line 2: the box 1, 2, ,  is not four whole numbers"),
    ],
)
def test_a_wrong_table_of_boxes_is_refused_by_line(tmp_path, text, why):
    path = tmp_path / "boxes.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=why):
        read_boxes(path, CLASSES)
    with pytest.raises(UserError, match="cannot be read"):
        read_boxes(tmp_path / "none.csv", CLASSES)


def test_a_lead_spares_the_good_tiles_first():
    scores_of = np.array([[3, 5, 1], [9, 5, 6], [0, 5, 12]])
    assert largest_leads(scores_of, 1).tolist() == [-2, 4, 7]
    leads = np.array([-3, 2, 8, 5, 9, 20, 30])
    good = np.array([1, 1, 1, 0, 0, 0, 0], bool)
    assert best_lead(leads, good) == 9  # 5 is missed, as no good tile reaches 9
    assert best_lead(leads[3:], good[3:]) == (1 + 5) // 2
    assert best_lead(np.array([-5, -4]), np.array([False, True])) == 1


def test_a_drawing_shows_what_is_right_and_what_is_not():
    found = [Detection(0, Box(2, 2, 12, 12), 3, 1), Detection(2, Box(20, 20, 30, 30), 3, 1)]
    image = np.zeros((40, 40, 1), np.uint8)
    data = drawn(image, found, [Truth(0, Box(2, 2, 12, 13)), Truth(2, Box(33, 33, 39, 39))], CLASSES)
    picture = np.asarray(Image.open(io.BytesIO(data)))
    assert picture.shape == (40, 40, 3)
    assert tuple(picture[2, 7]) == RIGHT and tuple(picture[20, 25]) == WRONG and tuple(picture[33, 36]) == DRAWN
