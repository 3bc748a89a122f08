//! Files import only files of their own layer and of the layers below, and no imports form a cycle.
//! The layers are those that ARCHITECTURE.md lists.

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

/// Returns the sources below a folder, as their module path and their path in the repository.
fn sources(folder: &str) -> BTreeMap<String, String> {
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
        // Whole files of tests.
        .filter(|(module, _)| {
            !module.split("::").any(|name| name.ends_with("tests") || name == "simulation" || name == "model")
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
