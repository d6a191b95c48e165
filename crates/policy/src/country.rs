//! Codes of countries.

use crate::problem::Problems;
use crate::read::Text;

/// The officially assigned codes of ISO 3166-1 alpha-2.
const CODES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS \
    BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI \
    FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR \
    IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM \
    MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT \
    PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM \
    TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// The code that `text` is.
pub(crate) fn code(text: Text<'_>, problems: &mut Problems) -> Option<String> {
    if CODES.split_whitespace().any(|code| code == text.value) {
        return Some(text.value.to_owned());
    }
    let upper = text.value.to_ascii_uppercase();
    let instead = match CODES.split_whitespace().find(|code| *code == upper) {
        Some(code) => format!("`{code}`"),
        None => "two capital letters, such as `SE`".to_owned(),
    };
    let what = format!("`{}` is not the code of a country", text.value);
    problems.add(
        text.span,
        what,
        "countries are written with the codes of ISO 3166-1",
        instead,
    );
    None
}

/// The codes that `text` lists, once each.
pub(crate) fn codes(text: Text<'_>, problems: &mut Problems) -> Vec<String> {
    let words = text.value.split_whitespace();
    let span = text.span;
    let mut codes: Vec<String> = words.filter_map(|value| code(Text { value, span }, problems)).collect();
    codes.sort();
    codes.dedup();
    codes
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_list_is_complete_and_sorted() {
        let codes: Vec<&str> = super::CODES.split_whitespace().collect();
        assert_eq!(codes.len(), 249);
        assert!(codes.is_sorted());
    }
}
