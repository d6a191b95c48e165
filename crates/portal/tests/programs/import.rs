//! Lists of invitations: looked at first, then all of it or nothing; an error names its line.

use axum::http::StatusCode;
use serde_json::json;

use crate::program::operator as operator_program;
use crate::world::{Answer, Browser, DEFAULT_POLICY, World};

const IMPORT: &str = "/operator/invitations/import";

async fn look(operator: &mut Browser, text: &str) -> Answer {
    operator.post(IMPORT, &[("text", text)]).await
}

async fn made(world: &World) -> usize {
    world.accounts.invitations(None, 1000).await.unwrap().len()
}

#[tokio::test]
async fn a_list_is_looked_at_and_then_made_in_its_order() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut operator = world.operator().await;
    assert!(
        operator
            .get("/operator/invitations")
            .await
            .text()
            .contains("href=\"/operator/invitations/import\"")
    );
    assert!(operator.get(IMPORT).await.text().contains("uses,days,tariff"));
    let text = "tariff,uses,days\nsmall,1,7\nopen,25,90\n\"small\",1,7\n";
    let looked = look(&mut operator, text).await;
    assert_eq!(looked.status, StatusCode::OK, "{}", looked.text());
    assert!(
        looked.text().contains("3 invitations") && looked.text().contains("27 people can join"),
        "{}",
        looked.text()
    );
    assert!(
        looked.text().contains("&#34;small&#34;,1,7"),
        "the list is in the second form"
    );
    assert_eq!(made(&world).await, 0, "looking makes nothing");
    let done = operator.post(IMPORT, &[("text", text), ("step", "make")]).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    assert_eq!(made(&world).await, 3);
    let list = done.between("id=\"invitations\"", "</pre>");
    let lines: Vec<Vec<&str>> = list.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let tariffs: Vec<&str> = lines.iter().map(|line| line[4]).collect();
    assert_eq!(tariffs, ["small", "open", "small"]);
    assert_eq!((lines[1][2], lines[0][3]), ("25", "2026-11-29"), "{lines:?}");
    let mut ada = world.browser("192.0.2.50");
    let form = ada.get(lines[1][1]).await.text();
    assert!(
        form.contains(lines[1][0]),
        "the path leads to the form with the code: {form}"
    );
    assert!(
        !operator.get("/operator/invitations").await.text().contains(lines[0][0]),
        "codes are shown once"
    );
}

#[tokio::test]
async fn spreadsheets_of_all_countries_are_read() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut operator = world.operator().await;
    for text in [
        "\u{feff}uses;days;tariff\r\n1;7;small\r\n2;7;open\r\n;;\r\n",
        "Uses\tDays\r\n 1 \t 7 \r\n2\t7\r\n",
        "tariff\nsmall\n\nopen",
        "uses,tariff\n,small\n2,\n",
    ] {
        let looked = look(&mut operator, text).await;
        assert_eq!(looked.status, StatusCode::OK, "{text:?}: {}", looked.text());
        assert!(looked.text().contains("2 invitations"), "{text:?}: {}", looked.text());
    }
}

#[tokio::test]
async fn an_error_names_its_line_keeps_the_list_and_makes_nothing() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut operator = world.operator().await;
    let many = format!("uses\n{}", "1\n".repeat(501));
    for (text, said) in [
        ("", "The list has no invitation"),
        ("uses,days\n", "The list has no invitation"),
        ("name,uses\nAda,1\n", "“name” is none of them"),
        ("1,14,small\n", "“1” is none of them"),
        ("uses,uses\n1,1\n", "names the column uses twice"),
        ("uses,days\n1,7\n1,7,small\n", "Line 3 has 3 cells"),
        ("uses,days\n1,7\n\n1\n", "Line 4 has 1 cell and"),
        ("uses\n1\nmany\n", "Line 3: An invitation lets 1 to 10,000 people in."),
        ("uses\n10001\n", "Line 2: An invitation lets"),
        ("days\n0\n", "Line 2: An invitation lives 1 to 365 days."),
        ("days\n366\n", "Line 2: An invitation lives"),
        (
            "tariff\nsmall\ngolden\n",
            "Line 3: The configuration has no tariff of this name.",
        ),
        (many.as_str(), "1 to 500 invitations are made at once"),
    ] {
        for step in ["", "make"] {
            let refused = operator.post(IMPORT, &[("text", text), ("step", step)]).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{text:?}");
            let page = refused.text();
            assert!(
                page.contains(said) && page.contains("id=\"text-error\""),
                "{text:?}: {page}"
            );
            assert!(
                page.contains(&format!(">\n{text}</textarea>")),
                "{text:?} stays: {page}"
            );
            assert_eq!(made(&world).await, 0, "{text:?}");
        }
    }
    let most = format!("uses\n{}", "1\n".repeat(500));
    let done = operator.post(IMPORT, &[("text", &most), ("step", "make")]).await;
    assert_eq!(done.status, StatusCode::OK);
    assert_eq!(made(&world).await, 500);
}

#[tokio::test]
async fn a_list_is_for_the_operator_alone() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut ada = world.member("ada@example.org").await;
    assert_eq!(ada.get(IMPORT).await.status, StatusCode::NOT_FOUND);
    let refused = ada.post(IMPORT, &[("text", "uses\n1"), ("step", "make")]).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    assert_eq!(made(&world).await, 0);
}

#[tokio::test]
async fn several_codes_alike_are_made_from_the_page() {
    let world = World::new(DEFAULT_POLICY).await;
    let mut operator = world.operator().await;
    let fields = |count: &'static str| [("count", count), ("uses", "1"), ("days", "7"), ("tariff", "small")];
    for wrong in ["0", "501", "-1", "some"] {
        let refused = operator.post("/operator/invitations", &fields(wrong)).await;
        let said = refused.text().contains("1 to 500 invitations");
        assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && said, "{wrong}");
    }
    let done = operator.post("/operator/invitations", &fields("12")).await;
    assert!(done.text().contains("12 invitations are made"), "{}", done.text());
    assert_eq!(made(&world).await, 12);
}

#[tokio::test]
async fn a_program_sends_a_list_and_is_told_which_of_it_is_wrong() {
    let world = World::new(DEFAULT_POLICY).await;
    let program = operator_program(&world).await;
    let send = async |list: serde_json::Value| {
        program
            .post("/operator/invitations/list", json!({"invitations": list}))
            .await
    };
    let wrong = send(json!([{"uses": 1, "days": 7}, {"uses": 1, "days": 7, "tariff": "golden"}])).await;
    assert_eq!(wrong.problem(), (422, "wrong-value".to_owned()));
    assert!(
        wrong.body["detail"]
            .as_str()
            .unwrap()
            .starts_with("Invitation 2 of the list:"),
        "{wrong:?}"
    );
    for list in [json!([]), json!(vec![json!({"uses": 1, "days": 7}); 501])] {
        assert_eq!(send(list).await.problem(), (422, "wrong-value".to_owned()));
    }
    assert_eq!(made(&world).await, 0);
    let right = send(json!([{"uses": 1, "days": 7}, {"uses": 3, "days": 9, "tariff": "small"}])).await;
    assert_eq!(right.status, StatusCode::CREATED);
    let listed = program.get("/operator/invitations").await.ok();
    assert_eq!(listed["invitations"].as_array().unwrap().len(), 2);
    assert_eq!(right.body["invitations"].as_array().unwrap().len(), 2);
}
