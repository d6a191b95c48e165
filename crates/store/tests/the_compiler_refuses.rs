//! What does not compile, by deliberate attempts; the expected words of the compiler lie beside each.

#[test]
fn the_compiler_refuses_personal_values_outside_the_gate() {
    trybuild::TestCases::new().compile_fail("tests/refused/*.rs");
}
