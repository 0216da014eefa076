//! What a large graph of roles costs.

use std::hint::black_box;
use std::time::Instant;

use gatepost_domain::{Role, RoleName, role::RoleGraph};

use crate::report::{Bar, Better, Row, alone};
use crate::{Outcome, Run, machine};

const GROUP: &str = "roles";
/// Roles above one another.
const DEPTH: usize = 50;
/// Roles beside one another.
const WIDTH: usize = 200;

/// Ten thousand roles in fifty layers. Each inherits from two of the layer below, so that the one at the top reaches most of
/// them, and has two permissions of its own.
fn roles() -> Outcome<Vec<Role>> {
    let name = |layer: usize, place: usize| format!("role-{layer}-{place}").parse::<RoleName>();
    let mut roles = Vec::with_capacity(DEPTH * WIDTH);
    for layer in 0..DEPTH {
        for place in 0..WIDTH {
            let below = [place, (place + layer + 1) % WIDTH];
            let inherits = below.iter().filter(|_| layer > 0).map(|place| name(layer - 1, *place));
            roles.push(Role {
                name: name(layer, place)?,
                permissions: vec![
                    format!("thing{place}:read").parse()?,
                    format!("thing{place}:write{layer}").parse()?,
                ],
                inherits: inherits.collect::<Result<_, _>>()?,
            });
        }
    }
    Ok(roles)
}

pub fn measure(run: &Run) -> Outcome<Vec<Row>> {
    let roles = roles()?;
    let top: RoleName = format!("role-{}-0", DEPTH - 1).parse()?;
    let before = machine::pin(machine::SERVER)?;
    let (mut made, mut walked) = (Vec::new(), Vec::new());
    for _ in 0..run.rounds(30) {
        let begun = Instant::now();
        let graph = RoleGraph::new(black_box(&roles))?;
        made.push(begun.elapsed().as_secs_f64() * 1e3);
        let begun = Instant::now();
        let rights = graph.rights(black_box([&top]));
        walked.push(begun.elapsed().as_secs_f64() * 1e3);
        if rights.roles.len() < DEPTH * WIDTH / 2 {
            return Err("the role at the top should reach most others".into());
        }
    }
    machine::unpin(&before)?;
    let both: Vec<f64> = made.iter().zip(&walked).map(|(made, walked)| made + walked).collect();
    let row = |name: &str, figures: &[f64], bar| alone(GROUP, name, "ms", Better::Less, figures, bar);
    Ok(vec![
        row("10,000 roles, depth 50: the graph, once a change", &made, None),
        row("10,000 roles, depth 50: the rights of the role at the top", &walked, None),
        row("10,000 roles, depth 50: both", &both, Some(Bar::AtMost(10.0))),
    ])
}
