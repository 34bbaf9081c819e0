//! Circles and floors of a graph of imports.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree::Module;

/// Who imports from whom.
pub(crate) type Graph = BTreeMap<Module, BTreeSet<Module>>;

/// Every group of nodes that import themselves by way of each other.
pub(crate) fn circles(graph: &Graph) -> Vec<Vec<Module>> {
    let reach: BTreeMap<&Module, BTreeSet<&Module>> = graph.keys().map(|node| (node, reachable(graph, node))).collect();
    let mut found = BTreeSet::new();
    for (node, reached) in &reach {
        let back = |other: &&&Module| reach.get(*other).is_some_and(|from| from.contains(node));
        let circle: Vec<Module> = reached.iter().filter(back).map(|node| (*node).clone()).collect();
        if reached.contains(node) {
            found.insert(circle);
        }
    }
    found.into_iter().collect()
}

fn reachable<'a>(graph: &'a Graph, from: &Module) -> BTreeSet<&'a Module> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&Module> = graph.get(from).into_iter().flatten().collect();
    while let Some(node) = open.pop() {
        if reached.insert(node) {
            open.extend(graph.get(node).into_iter().flatten());
        }
    }
    reached
}

/// The graph between the modules right below the crate's root.
pub(crate) fn between_folders(graph: &Graph) -> Graph {
    let top = |module: &Module| module.iter().take(1).cloned().collect::<Module>();
    let mut folders = Graph::new();
    for (from, targets) in graph {
        let below = folders.entry(top(from)).or_default();
        below.extend(targets.iter().map(top).filter(|target| *target != top(from)));
    }
    folders
}

/// The longest chain of imports, from top to bottom. The graph has no circles.
pub(crate) fn longest_chain(graph: &Graph) -> Vec<Module> {
    let mut known = BTreeMap::new();
    let chains = graph.keys().map(|node| chain(graph, node, &mut known));
    chains.max_by_key(Vec::len).unwrap_or_default()
}

fn chain(graph: &Graph, node: &Module, known: &mut BTreeMap<Module, Vec<Module>>) -> Vec<Module> {
    if let Some(chain) = known.get(node) {
        return chain.clone();
    }
    // Stands in while a circle is walked, so that this ends.
    known.insert(node.clone(), Vec::new());
    let below = graph.get(node).into_iter().flatten().map(|target| chain(graph, target, known));
    let below = below.max_by_key(Vec::len).unwrap_or_default();
    let whole = [vec![node.clone()], below].concat();
    known.insert(node.clone(), whole.clone());
    whole
}
