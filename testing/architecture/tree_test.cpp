// SPDX-License-Identifier: Apache-2.0
// What can be told of the architecture by reading the tree.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <genu/testing/data.h>

namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

fs::path root() {
  return genu::testing::source_root();
}

std::vector<fs::path> files_under(const fs::path& folder, const std::string& extension) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().extension() == extension) found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<fs::path> public_headers() {
  std::vector<fs::path> headers;
  for (const fs::path& header : files_under(root() / "modules", ".h"))
    if (header.string().find("/include/") != std::string::npos) headers.push_back(header);
  return headers;
}

std::vector<std::string> modules_in_order() {
  const std::string list = text_of(root() / "modules" / "CMakeLists.txt");
  const std::regex line("\n +([a-z]+) +\"");
  std::vector<std::string> names;
  for (std::sregex_iterator hit(list.begin(), list.end(), line), end; hit != end; ++hit)
    names.push_back((*hit)[1]);
  return names;
}

// Third parties stay behind their one door: bridge, and render/native.h for the viewer.
TEST(Tree, PublicHeadersShowOnlyStandardAndCoreTypes) {
  const std::regex third_party(
      "(#include *[<\"](itk|vtk|opencv|dcmtk|nlohmann|CLI|gdcm|Q[A-Z]))|\\b(vtk[A-Z]|itk::|cv::|Dcm[A-Z])");
  for (const fs::path& header : public_headers()) {
    const std::string name = fs::relative(header, root()).string();
    if (name.starts_with("modules/bridge/") || name == "modules/render/include/genu/render/native.h")
      continue;
    std::smatch leak;
    const std::string text = text_of(header);
    EXPECT_FALSE(std::regex_search(text, leak, third_party)) << name << " shows " << leak.str();
  }
}

TEST(Tree, EveryPublicHeaderHasATestOfItsName) {
  for (const fs::path& header : public_headers()) {
    const fs::path module = header.parent_path().filename();
    fs::path test = root() / "testing" / "unit" / module / (header.stem().string() + "_test.cpp");
    EXPECT_TRUE(fs::exists(test)) << fs::relative(header, root()) << " has no " << fs::relative(test, root());
  }
}

TEST(Tree, PublicHeadersFitOnAFewScreens) {
  for (const fs::path& header : public_headers()) {
    const std::string text = text_of(header);
    EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 150) << fs::relative(header, root());
  }
}

TEST(Tree, ListDiagramAndFoldersTellTheSameStory) {
  const std::vector<std::string> order = modules_in_order();
  ASSERT_GE(order.size(), 11U);
  std::vector<std::string> folders;
  for (const auto& entry : fs::directory_iterator(root() / "modules"))
    if (entry.is_directory()) folders.push_back(entry.path().filename());
  auto sorted = order;
  std::sort(sorted.begin(), sorted.end());
  std::sort(folders.begin(), folders.end());
  EXPECT_EQ(sorted, folders) << "modules/CMakeLists.txt and the folders differ";

  const std::string readme = text_of(root() / "modules" / "README.md");
  const std::string diagram = readme.substr(0, readme.find("\n| module |"));
  std::size_t last = 0;
  for (const std::string& module : order) {
    EXPECT_TRUE(std::regex_search(diagram, std::regex("\n    .*\\b" + module + "\\b")))
        << "the diagram of modules/README.md does not name " << module;
    const std::size_t row = readme.find("\n| [" + module + "](" + module + ")");
    EXPECT_NE(row, std::string::npos) << "modules/README.md has no row for " << module;
    if (row == std::string::npos) continue;
    EXPECT_GT(row, last) << "modules/README.md has " << module << " in another place of the order";
    last = row;
    EXPECT_TRUE(fs::exists(root() / "modules" / module / "README.md")) << module << " has no README.md";
  }
}

TEST(Tree, LinksInReadmesLeadSomewhere) {
  const std::regex link("\\]\\(([^)#: ]+)(#[^)]*)?\\)");
  std::vector<fs::path> pages = files_under(root() / "modules", ".md");
  for (const char* folder : {"apps", "testing", "data"})
    for (const fs::path& page : files_under(root() / folder, ".md")) pages.push_back(page);
  for (const char* page : {"README.md", "CHANGELOG.md"}) pages.push_back(root() / page);
  for (const fs::path& page : pages) {
    const std::string text = text_of(page);
    EXPECT_FALSE(text.empty()) << page;
    for (std::sregex_iterator hit(text.begin(), text.end(), link), end; hit != end; ++hit)
      EXPECT_TRUE(fs::exists(page.parent_path() / (*hit)[1].str()))
          << fs::relative(page, root()) << " links to " << (*hit)[1];
  }
}

TEST(Tree, SourcesSayTheirLicence) {
  for (const char* folder : {"modules", "apps", "testing"})
    for (const char* extension : {".h", ".cpp"})
      for (const fs::path& file : files_under(root() / folder, extension)) {
        if (file.string().find("/consumer/") != std::string::npos) continue;
        EXPECT_TRUE(text_of(file).starts_with("// SPDX-License-Identifier: Apache-2.0\n")) << file;
      }
}

// Algorithms return and throw; only apps speak.
TEST(Tree, ModulesNeitherPrintNorLog) {
  const std::regex speaking("std::(cout|cerr|clog)|\\b(printf|fprintf|puts)\\(");
  for (const fs::path& file : files_under(root() / "modules", ".cpp")) {
    std::smatch word;
    const std::string text = text_of(file);
    EXPECT_FALSE(std::regex_search(text, word, speaking))
        << fs::relative(file, root()) << " says " << word.str();
  }
}

}  // namespace
