// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <fstream>
#include <string>
#include <thread>
#include <utility>

#include <vtkCallbackCommand.h>
#include <vtkCommand.h>
#include <vtkDoubleArray.h>
#include <vtkExecutive.h>
#include <vtkLogger.h>
#include <vtkNew.h>
#include <vtkPointData.h>
#include <vtkPolyData.h>
#include <vtkPolyDataReader.h>
#include <vtkXMLPolyDataReader.h>
#include <vtkXMLPolyDataWriter.h>

#include <genu/bridge/vtk.h>
#include <genu/core/error.h>
#include <genu/io/files.h>
#include <genu/io/meshes.h>

namespace genu::io {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void fail(const fs::path& file, std::string_view why) {
  throw IoError("cannot read the mesh '" + file.string() + "': " + std::string(why));
}

/// Keeps the first error or warning of VTK objects, which would print it otherwise.
class Complaints {
 public:
  Complaints() {
    command_->SetClientData(this);
    command_->SetCallback([](vtkObject*, unsigned long, void* self, void* text) {
      static_cast<Complaints*>(self)->add(static_cast<const char*>(text));
    });
  }
  vtkCommand* command() { return command_; }
  void listen_to(vtkObject& object) {
    object.AddObserver(vtkCommand::ErrorEvent, command_);
    object.AddObserver(vtkCommand::WarningEvent, command_);
  }
  /// Takes a complaint that no object has made.
  void add(const char* text) {
    if (first_.empty() && text != nullptr) first_ = text;
  }
  /// The first complaint without VTK's source file and line, or an empty string.
  std::string first() const {
    const auto at = first_.find("): ");  // "ERROR: In FILE, line N\nclass (0xADDRESS): TEXT"
    std::string text = at == std::string::npos ? first_ : first_.substr(at + 3);
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    return text;
  }

 private:
  vtkNew<vtkCallbackCommand> command_;
  std::string first_;
};

/// Also takes what VTK's legacy reader says to the log alone: that numbers are missing.
class LogListener {
 public:
  explicit LogListener(Complaints& complaints) : complaints_(complaints), id_(unique_id()) {
    vtkLogger::AddCallback(
        id_.c_str(),
        [](void* self, const vtkLogger::Message& message) {
          auto& listener = *static_cast<LogListener*>(self);
          if (std::this_thread::get_id() == listener.thread_) listener.complaints_.add(message.message);
        },
        this, vtkLogger::VERBOSITY_WARNING);
  }
  ~LogListener() { vtkLogger::RemoveCallback(id_.c_str()); }
  LogListener(const LogListener&) = delete;
  LogListener& operator=(const LogListener&) = delete;

 private:
  static std::string unique_id() {
    static std::atomic<unsigned> count{0};
    return "genu mesh reader " + std::to_string(++count);
  }
  Complaints& complaints_;
  std::string id_;
  std::thread::id thread_ = std::this_thread::get_id();
};

MeshFile mesh_of(vtkPolyData& polygons) {
  MeshFile result{bridge::copy_from_vtk(polygons), {}};
  vtkPointData& data = *polygons.GetPointData();
  for (int a = 0; a < data.GetNumberOfArrays(); ++a) {
    vtkDataArray* array = data.GetArray(a);  // null where the values are texts
    if (array == nullptr || array->GetNumberOfComponents() != 1 || array->GetName() == nullptr) continue;
    VertexArray values{array->GetName(), std::vector<double>(result.mesh.vertices().size())};
    if (array->GetNumberOfTuples() != static_cast<vtkIdType>(values.values.size()))
      throw InvalidInput("its array '" + values.name + "' has " + std::to_string(array->GetNumberOfTuples()) +
                         " values for " + std::to_string(values.values.size()) + " vertices");
    for (std::size_t v = 0; v < values.values.size(); ++v)
      values.values[v] = array->GetTuple1(static_cast<vtkIdType>(v));
    result.arrays.push_back(std::move(values));
  }
  return result;
}

template <typename Reader>
MeshFile read_with(Reader& reader, Complaints& complaints, const fs::path& file) {
  complaints.listen_to(reader);
  complaints.listen_to(*reader.GetExecutive());
  reader.SetFileName(file.c_str());
  reader.Update();
  if (!complaints.first().empty()) fail(file, complaints.first());
  if (reader.GetErrorCode() != 0 || reader.GetOutput() == nullptr) fail(file, "it is damaged");
  if (reader.GetOutput()->GetNumberOfPoints() == 0) fail(file, "it holds no points");
  try {
    return mesh_of(*reader.GetOutput());
  } catch (const InvalidInput& error) {
    fail(file, error.what());
  }
}

/// 3D Slicer states in a legacy file's title when the points are not LPS.
bool says_ras(const char* title) {
  return title != nullptr && std::string_view(title).find("SPACE=RAS") != std::string_view::npos;
}

TriangleMesh ras_to_lps(const TriangleMesh& mesh) {
  std::vector<Point3> vertices = mesh.vertices();
  for (Point3& p : vertices) p = {-p.x, -p.y, p.z};
  return {std::move(vertices), mesh.triangles()};
}

}  // namespace

void write_mesh(const fs::path& file, const TriangleMesh& mesh, const std::vector<VertexArray>& arrays) {
  if (!has_extension(file, ".vtp"))
    throw IoError("cannot write the mesh '" + final_path(file).string() + "': its name must end in .vtp");
  const vtkSmartPointer<vtkPolyData> polygons = bridge::copy_to_vtk(mesh);
  for (const VertexArray& array : arrays) {
    if (array.values.size() != mesh.vertices().size())
      throw InvalidInput("cannot write the mesh '" + file.string() + "': the array '" + array.name +
                         "' has " + std::to_string(array.values.size()) + " values for " +
                         std::to_string(mesh.vertices().size()) + " vertices");
    vtkNew<vtkDoubleArray> values;
    values->SetName(array.name.c_str());
    values->SetNumberOfValues(static_cast<vtkIdType>(array.values.size()));
    std::copy(array.values.begin(), array.values.end(), values->GetPointer(0));
    polygons->GetPointData()->AddArray(values);
  }
  Complaints complaints;
  vtkNew<vtkXMLPolyDataWriter> writer;
  complaints.listen_to(*writer.Get());
  writer->SetInputData(polygons);
  writer->WriteToOutputStringOn();  // VTK does not look whether a file took what it wrote
  writer->SetDataModeToAppended();
  writer->EncodeAppendedDataOff();
  writer->SetCompressorTypeToZLib();
  writer->SetCompressionLevel(1);  // the digits of coordinates hardly shrink at any level
  if (writer->Write() == 0 || writer->GetErrorCode() != 0 || !complaints.first().empty())
    throw IoError("cannot write the mesh '" + final_path(file).string() + "': " + complaints.first());
  write_text(file, writer->GetOutputString());
}

MeshFile read_mesh(const fs::path& file) {
  std::error_code error;
  if (!fs::exists(file, error)) fail(file, "there is no such file");
  if (fs::is_directory(file, error)) fail(file, "it is a folder");
  std::string start(64, '\0');
  std::ifstream in(file, std::ios::binary);
  in.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<std::size_t>(in.gcount()));
  Complaints complaints;
  if (start.starts_with("# vtk DataFile")) {
    const LogListener log(complaints);
    vtkNew<vtkPolyDataReader> reader;
    reader->ReadAllScalarsOn();
    MeshFile result = read_with(*reader.Get(), complaints, file);
    if (says_ras(reader->GetHeader())) result.mesh = ras_to_lps(result.mesh);
    return result;
  }
  if (start.starts_with("<?xml") || start.starts_with("<VTKFile")) {
    vtkNew<vtkXMLPolyDataReader> reader;
    reader->SetReaderErrorObserver(complaints.command());
    reader->SetParserErrorObserver(complaints.command());
    return read_with(*reader.Get(), complaints, file);
  }
  fail(file, "its content is not VTP or legacy VTK polydata");
}

}  // namespace genu::io
