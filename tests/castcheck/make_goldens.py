"""Write the golden files anew: `make goldens`."""

from tests.castcheck import support
from tests.castcheck.test_report_json import GOLDEN

if __name__ == "__main__":
    GOLDEN.write_text(support.full_report().to_json(), encoding="utf-8")
