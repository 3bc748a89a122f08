//! Files import only files of their own layer and of the layers below, and no imports form a cycle.
//! The layers are those that ARCHITECTURE.md lists. Only files of `sys` name an operating system.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use syn::visit::{self, Visit};

/// The files of a crate by their module path, and what each of them imports.
type Imports = BTreeMap<String, BTreeSet<String>>;

/// Collects the paths into the crate that a file names, outside of tests.
struct Paths<'a> {
    /// The module path of the file.
    module: &'a [String],
    found: BTreeSet<Vec<String>>,
}

impl Paths<'_> {
    /// Adds a path if it begins with `crate`, `self` or `super`.
    fn add(&mut self, path: &[String]) {
        let mut absolute = match path.first().map(String::as_str) {
            Some("crate") => Vec::new(),
            Some("self" | "super") => self.module.to_vec(),
            _ => return,
        };
        for (index, name) in path.iter().enumerate() {
            match name.as_str() {
                "crate" if index == 0 => {}
                "self" => {}
                "super" => {
                    absolute.pop();
                }
                name => absolute.push(name.to_owned()),
            }
        }
        self.found.insert(absolute);
    }

    fn add_tree(&mut self, before: &[String], tree: &syn::UseTree) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.add_tree(&with(&path.ident), &path.tree),
            syn::UseTree::Name(name) => self.add(&with(&name.ident)),
            syn::UseTree::Rename(rename) => self.add(&with(&rename.ident)),
            syn::UseTree::Glob(_) => self.add(before),
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_tree(before, tree);
                }
            }
        }
    }
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => {
            let condition = list.tokens.to_string();
            condition == "test" || condition.contains("(test") || condition.contains("test ,")
        }
        _ => false,
    })
}

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_for_tests(&item.attrs) {
            self.add_tree(&[], &item.tree);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_for_tests(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    // `pub(super)` is no import.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.add(&names);
        visit::visit_path(self, path);
    }
}

/// Returns the sources below a folder, without whole files of tests, as their module path and their
/// path in the repository.
fn sources(folder: &str) -> BTreeMap<String, String> {
    let is_tests = |name: &str| name.ends_with("tests") || name == "simulation" || name == "model";
    let mut files = all_sources(folder);
    files.retain(|module, _| !module.split("::").any(is_tests));
    files
}

/// Returns all sources below a folder, as [`sources`] does.
fn all_sources(folder: &str) -> BTreeMap<String, String> {
    fn add(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                add(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    add(&root.join(folder), &mut found);
    found
        .into_iter()
        .map(|path| {
            let in_repository = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            let in_crate = in_repository.strip_prefix(folder).unwrap().trim_start_matches('/');
            let module = in_crate.trim_end_matches(".rs").trim_end_matches("/mod").replace('/', "::");
            (module, in_repository)
        })
        .collect()
}

/// Reads what each file of a crate imports from other files of it.
fn imports(files: &BTreeMap<String, String>) -> Imports {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Imports::new();
    for (module, file) in files {
        let parsed = syn::parse_file(&std::fs::read_to_string(root.join(file)).unwrap()).unwrap();
        let names: Vec<String> =
            module.split("::").filter(|name| *name != "lib").map(str::to_owned).collect();
        let mut paths = Paths { module: &names, found: BTreeSet::new() };
        paths.visit_file(&parsed);
        let imported = paths.found.iter().filter_map(|path| {
            // The longest part of the path that is a file. What `lib.rs` exports again counts as
            // `lib`.
            (1..=path.len())
                .rev()
                .map(|length| path[..length].join("::"))
                .find(|module| files.contains_key(module))
                .or_else(|| (!path.is_empty()).then(|| "lib".to_owned()))
        });
        all.insert(module.clone(), imported.filter(|other| other != module).collect());
    }
    all
}

/// Returns a cycle of imports, if there is one.
fn cycle(imports: &Imports) -> Option<Vec<String>> {
    fn visit(module: &str, imports: &Imports, path: &mut Vec<String>, done: &mut BTreeSet<String>) -> bool {
        if path.iter().any(|visited| visited == module) {
            path.push(module.to_owned());
            return true;
        }
        if done.contains(module) {
            return false;
        }
        path.push(module.to_owned());
        for other in imports.get(module).into_iter().flatten() {
            if visit(other, imports, path, done) {
                return true;
            }
        }
        path.pop();
        done.insert(module.to_owned());
        false
    }
    let mut done = BTreeSet::new();
    imports.keys().find_map(|module| {
        let mut path = Vec::new();
        visit(module, imports, &mut path, &mut done).then_some(path)
    })
}

/// Returns the layers of ARCHITECTURE.md, the top one first: each is a list of files and folders.
fn layers() -> Vec<Vec<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let (_, section) = text.split_once("## Layers").expect("ARCHITECTURE.md has a section on layers");
    let (section, _) = section.split_once("\n## ").unwrap_or((section, ""));
    let is_path = |word: &&str| word.starts_with("src/");
    section
        .lines()
        .filter(|line| line.starts_with("    src/"))
        .map(|line| line.split_whitespace().take_while(is_path).map(str::to_owned).collect())
        .collect()
}

/// Returns the layer of a file: the longest of the paths that contain it decides.
fn layer_of(file: &str, layers: &[Vec<String>]) -> Option<usize> {
    let contains = |path: &str| path == file || (path.ends_with('/') && file.starts_with(path));
    let paths =
        layers.iter().enumerate().flat_map(|(index, paths)| paths.iter().map(move |path| (index, path)));
    paths.filter(|(_, path)| contains(path)).max_by_key(|(_, path)| path.len()).map(|(index, _)| index)
}

/// Returns the imports that go to a higher layer.
fn upward(imports: &Imports, files: &BTreeMap<String, String>, layers: &[Vec<String>]) -> Vec<String> {
    let mut found = Vec::new();
    for (module, imported) in imports {
        let layer = layer_of(&files[module], layers);
        for other in imported.iter().filter(|other| *other != "lib") {
            if layer_of(&files[other], layers) < layer {
                found.push(format!("{} imports {}", files[module], files[other]));
            }
        }
    }
    found
}

#[test]
fn no_imports_of_the_core_form_a_cycle_or_go_to_a_higher_layer() {
    let files = sources("src");
    let imports = imports(&files);
    assert!(imports.values().map(BTreeSet::len).sum::<usize>() > 200, "hardly any imports were found");
    assert_eq!(cycle(&imports), None);
    let layers = layers();
    let without: Vec<&String> = files.values().filter(|file| layer_of(file, &layers).is_none()).collect();
    assert!(without.is_empty(), "ARCHITECTURE.md has no layer for {without:?}");
    assert_eq!(upward(&imports, &files, &layers), Vec::<String>::new());
    for (module, imported) in &imports {
        let is_forbidden = |other: &&String| {
            module.starts_with("net") && other.starts_with("api")
                || module.starts_with("api") && other.starts_with("net")
        };
        assert_eq!(
            imported.iter().find(is_forbidden),
            None,
            "{module}: `api` and `net` do not know each other"
        );
    }
}

#[test]
fn no_imports_of_the_python_module_form_a_cycle() {
    let imports = imports(&sources("bindings/python/src"));
    assert!(imports.values().map(BTreeSet::len).sum::<usize>() > 20, "hardly any imports were found");
    assert_eq!(cycle(&imports), None);
}

#[test]
fn cycles_and_imports_of_higher_layers_are_found() {
    let mut imports = Imports::new();
    let add = |imports: &mut Imports, from: &str, to: &str| {
        imports.entry(from.to_owned()).or_default().insert(to.to_owned());
        imports.entry(to.to_owned()).or_default();
    };
    add(&mut imports, "a", "b");
    add(&mut imports, "b", "c");
    assert_eq!(cycle(&imports), None);
    let files: BTreeMap<String, String> =
        ["a", "b", "c"].iter().map(|name| (name.to_string(), format!("src/{name}.rs"))).collect();
    let layers = [vec!["src/b.rs".to_owned()], vec!["src/".to_owned()]];
    assert_eq!(upward(&imports, &files, &layers), ["src/a.rs imports src/b.rs"]);
    add(&mut imports, "c", "a");
    assert_eq!(cycle(&imports).unwrap(), ["a", "b", "c", "a"]);
}

/// Collects what names an operating system: conditions on it, and paths into its own libraries.
#[derive(Default)]
struct Platforms(Vec<String>);

impl Platforms {
    /// The conditions that differ between systems.
    const CONDITIONS: &[&str] =
        &["unix", "windows", "target_os", "target_vendor", "target_env", "target_family", "target_arch"];
    /// The crates of systems.
    const CRATES: &[&str] = &["libc", "windows_sys", "jni"];

    fn of(source: &str) -> Vec<String> {
        let mut platforms = Platforms::default();
        platforms.visit_file(&syn::parse_file(source).unwrap());
        platforms.0
    }

    fn add_path(&mut self, names: &[String]) {
        let first = names.first().map(String::as_str).unwrap_or_default();
        let second = names.get(1).map(String::as_str).unwrap_or_default();
        if Platforms::CRATES.contains(&first) || (matches!(first, "std" | "core") && second == "os") {
            self.0.push(names.join("::"));
        }
    }

    fn add_tree(&mut self, before: &[String], tree: &syn::UseTree) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.add_tree(&with(&path.ident), &path.tree),
            syn::UseTree::Name(name) => self.add_path(&with(&name.ident)),
            syn::UseTree::Rename(rename) => self.add_path(&with(&rename.ident)),
            syn::UseTree::Glob(_) => self.add_path(before),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_tree(before, tree)),
        }
    }

    /// Adds the conditions in the tokens of a `cfg`.
    fn add_conditions(&mut self, tokens: &str) {
        let words = tokens.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        let found = words.filter(|word| Platforms::CONDITIONS.contains(word));
        self.0.extend(found.map(|word| format!("cfg({word})")));
    }
}

impl<'ast> Visit<'ast> for Platforms {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.add_tree(&[], &item.tree);
        visit::visit_item_use(self, item);
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if let syn::Meta::List(list) = &attribute.meta
            && (list.path.is_ident("cfg") || list.path.is_ident("cfg_attr"))
        {
            self.add_conditions(&list.tokens.to_string());
        }
    }

    /// The tokens of a macro are not parsed: a `cfg!` or a path may be among them.
    fn visit_macro(&mut self, found: &'ast syn::Macro) {
        let tokens: String = found.tokens.to_string().split_whitespace().collect();
        if found.path.is_ident("cfg") {
            self.add_conditions(&tokens);
        } else if let Some((_, condition)) = tokens.split_once("cfg!(") {
            self.add_conditions(condition);
        }
        for name in Platforms::CRATES.iter().map(|name| format!("{name}::")).chain(["std::os::".to_owned()]) {
            if tokens.contains(&name) {
                self.0.push(name);
            }
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.add_path(&names);
        visit::visit_path(self, path);
    }
}

#[test]
fn only_the_files_of_sys_name_an_operating_system() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut found, mut in_sys) = (Vec::new(), 0);
    for folder in ["src", "bindings/python/src"] {
        for (module, file) in all_sources(folder) {
            let platforms = Platforms::of(&std::fs::read_to_string(root.join(&file)).unwrap());
            match module == "sys" || module.starts_with("sys::") {
                true => in_sys += platforms.len(),
                false => found.extend(platforms.into_iter().map(|platform| format!("{file}: {platform}"))),
            }
        }
    }
    assert_eq!(found, Vec::<String>::new(), "move it to src/sys, or to bindings/python/src/sys");
    assert!(in_sys > 50, "hardly any differences were found in the files of sys: {in_sys}");
}

#[test]
fn names_of_operating_systems_are_found_wherever_they_stand() {
    for (source, expected) in [
        ("#[cfg(unix)] fn f() {}", "cfg(unix)"),
        ("#[cfg(all(test, not(windows)))] mod m {}", "cfg(windows)"),
        ("#![cfg(target_os = \"linux\")]", "cfg(target_os)"),
        ("struct S { #[cfg_attr(not(unix), allow(dead_code))] a: u8 }", "cfg(unix)"),
        ("fn f() { #[cfg(unix)] g(); }", "cfg(unix)"),
        ("const A: bool = cfg!(target_vendor = \"apple\");", "cfg(target_vendor)"),
        ("fn f() { assert!(!cfg!(windows)); }", "cfg(windows)"),
        ("use std::{io, os::fd::AsFd};", "std::os::fd::AsFd"),
        ("fn f(fd: std::os::fd::RawFd) {}", "std::os::fd::RawFd"),
        ("fn f() { unsafe { libc::close(1) }; }", "libc::close"),
        ("fn f() { assert_eq!(1, libc::EOF); }", "libc::"),
        ("use windows_sys::core::BOOL;", "windows_sys::core::BOOL"),
    ] {
        assert_eq!(Platforms::of(source), [expected], "{source}");
    }
    for source in ["#[cfg(feature = \"cli\")] fn f() {}", "use std::io; // cfg(unix)", "fn unix() {}"] {
        assert_eq!(Platforms::of(source), Vec::<String>::new(), "{source}");
    }
}

#[test]
fn retired_names_do_not_come_back() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let glossary = std::fs::read_to_string(root.join("docs/glossary.md")).unwrap();
    let (_, section) = glossary.split_once("## Retired names").expect("the glossary lists retired names");
    let (_, list) = section.split_once("comes back in `src/`:").expect("the list follows");
    let retired: BTreeSet<&str> = list.split('`').skip(1).step_by(2).collect();
    assert!(retired.len() > 10, "{retired:?}");
    for file in sources("src").values() {
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        let words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        let found: BTreeSet<&str> = words.filter(|word| retired.contains(word)).collect();
        assert!(found.is_empty(), "{file} uses the retired names {found:?}; docs/glossary.md");
    }
}
