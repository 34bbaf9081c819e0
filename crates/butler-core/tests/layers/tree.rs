//! The files of one crate, and which file imports from which.
//!
//! A name that a module passes on (`pub use`) leads to the file that has it, so that a module's front door is no circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path as FilePath, PathBuf};

use crate::source::{Path, code, paths, says};

/// A module's path below its crate, such as `domain::attester::view`.
pub(crate) type Module = Vec<String>;

/// One source file.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) path: PathBuf,
    pub(crate) lines: usize,
    pub(crate) code: String,
    pub(crate) paths: Vec<Path>,
}

/// A crate's files by module.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) files: BTreeMap<Module, File>,
}

impl Tree {
    /// Of the crate in this folder. Files of tests are left out.
    pub(crate) fn read(krate: &FilePath) -> Self {
        let source = krate.join("src");
        let mut files = BTreeMap::new();
        for path in files_below(&source) {
            let below = path.strip_prefix(&source).expect("the file is below src").with_extension("");
            let parts: Vec<String> = below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            if parts.iter().any(|part| part == "tests") {
                continue;
            }
            let is_root = |part: &String| part == "mod" || (parts.len() == 1 && (part == "lib" || part == "main"));
            let module: Module = parts.iter().filter(|part| !is_root(part)).cloned().collect();
            if parts == ["main"] && source.join("lib.rs").exists() {
                continue;
            }
            let text = fs::read_to_string(&path).expect("a source file is readable");
            let code = code(&text);
            files.insert(module, File { path, lines: text.lines().count(), paths: paths(&code), code });
        }
        assert!(!files.is_empty(), "no source in `{}`", source.display());
        Self { files }
    }

    /// The path from the crate's root that a path in `module` stands for; `None` for what is elsewhere.
    pub(crate) fn absolute(module: &[String], path: &Path) -> Option<Module> {
        let mut rest = path.parts.as_slice();
        let mut at: Module = match rest.first()?.as_str() {
            "crate" => Module::new(),
            "self" | "super" => module.to_vec(),
            _ => return None,
        };
        if rest.first().is_some_and(|first| first != "super") {
            rest = rest.get(1..)?;
        }
        while rest.first().is_some_and(|part| part == "super") {
            at.pop();
            rest = rest.get(1..)?;
        }
        at.extend(rest.iter().cloned());
        Some(at)
    }

    /// The module that has what the path names.
    pub(crate) fn home(&self, path: &[String]) -> Module {
        self.home_within(path, 8)
    }

    fn home_within(&self, path: &[String], steps: u32) -> Module {
        let depth = (0..=path.len()).rev().find(|depth| self.files.contains_key(&path[..*depth])).unwrap_or_default();
        let (module, rest) = path.split_at(depth);
        let (Some(name), Some(file)) = (rest.first().filter(|name| *name != "*"), self.files.get(module)) else {
            return module.to_vec();
        };
        let passed_on = file.paths.iter().find_map(|path| {
            let target = Self::absolute(module, path)?;
            match target.split_last() {
                Some((last, from)) if last == "*" => {
                    let has = |file: &File| says(&file.code, name);
                    (from != module && self.files.get(from).is_some_and(has)).then(|| path_of(from, name))
                }
                _ => (path.name.as_ref() == Some(name) && target != path_of(module, name)).then_some(target),
            }
        });
        match passed_on {
            Some(mut target) if steps > 0 => {
                target.extend(rest.iter().skip(1).cloned());
                self.home_within(&target, steps - 1)
            }
            _ => module.to_vec(),
        }
    }

    /// Whom each file imports from. The crate's root, which only lists modules, is left out.
    pub(crate) fn imports(&self) -> BTreeMap<Module, BTreeSet<Module>> {
        let mut imports = BTreeMap::new();
        for (module, file) in self.files.iter().filter(|(module, _)| !module.is_empty()) {
            let targets = file.paths.iter().filter_map(|path| Some(self.home(&Self::absolute(module, path)?)));
            let targets = targets.filter(|target| target != module && !target.is_empty());
            imports.insert(module.clone(), targets.collect());
        }
        imports
    }
}

fn path_of(module: &[String], name: &str) -> Module {
    [module, &[name.to_owned()]].concat()
}

fn files_below(folder: &FilePath) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a source folder is readable") {
            let path = entry.expect("a source folder is readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
