# SPDX-License-Identifier: Apache-2.0
# Every third-party package, wrapped once. Modules name genu::itk and the like, never a package's own targets.
# Installed with the package too, so that find_package(genu) makes the same names.

find_package(Threads REQUIRED)

# genu_wrap(NAME [INCLUDES dir...] [LIBRARIES target...]): an imported INTERFACE target genu::NAME, includes as SYSTEM.
function(genu_wrap name)
  cmake_parse_arguments(arg "" "" "INCLUDES;LIBRARIES;DEFINITIONS" ${ARGN})
  if(TARGET genu::${name})
    return()
  endif()
  add_library(genu::${name} INTERFACE IMPORTED GLOBAL)
  target_include_directories(genu::${name} SYSTEM INTERFACE ${arg_INCLUDES})
  target_link_libraries(genu::${name} INTERFACE ${arg_LIBRARIES})
  target_compile_definitions(genu::${name} INTERFACE ${arg_DEFINITIONS})
endfunction()

# ITK: the components Genu calls. ITKIOGDCM decodes JPEG 2000, which DCMTK cannot.
find_package(ITK 5.2 REQUIRED COMPONENTS ITKCommon ITKIOGDCM ITKIOMeta ITKIONIFTI ITKIONRRD ITKSmoothing ITKZLIB)
genu_wrap(itk INCLUDES ${ITK_INCLUDE_DIRS} LIBRARIES ${ITK_LIBRARIES})

# VTK: the components Genu calls, with the Qt view for the viewer only.
set(genu_vtk_core CommonCore CommonDataModel CommonExecutionModel CommonMath CommonTransforms FiltersCore
    FiltersGeneral FiltersGeometry FiltersModeling FiltersSources ImagingCore ImagingStatistics IOImage IOLegacy IOXML)
set(genu_vtk_render RenderingCore RenderingOpenGL2 RenderingFreeType RenderingAnnotation RenderingContext2D
    InteractionStyle InteractionWidgets)
find_package(VTK 9.1 REQUIRED COMPONENTS ${genu_vtk_core} ${genu_vtk_render} OPTIONAL_COMPONENTS GUISupportQt)
list(TRANSFORM genu_vtk_core PREPEND VTK:: OUTPUT_VARIABLE genu_vtk_core_targets)
list(TRANSFORM genu_vtk_render PREPEND VTK:: OUTPUT_VARIABLE genu_vtk_render_targets)
genu_wrap(vtk LIBRARIES ${genu_vtk_core_targets})
genu_wrap(vtk_rendering LIBRARIES ${genu_vtk_core_targets} ${genu_vtk_render_targets})

find_package(DCMTK 3.6.7 REQUIRED CONFIG)
genu_wrap(dcmtk LIBRARIES DCMTK::dcmjpeg DCMTK::dcmjpls DCMTK::dcmdata DCMTK::oflog DCMTK::ofstd)

find_package(OpenCV 4.6 REQUIRED COMPONENTS core imgproc dnn)
genu_wrap(opencv INCLUDES ${OpenCV_INCLUDE_DIRS} LIBRARIES opencv_core opencv_imgproc)
genu_wrap(opencv_dnn INCLUDES ${OpenCV_INCLUDE_DIRS} LIBRARIES opencv_core opencv_dnn)

find_package(nlohmann_json 3.11 REQUIRED)
genu_wrap(json LIBRARIES nlohmann_json::nlohmann_json)

find_path(GENU_VALIJSON_INCLUDE_DIR valijson/validator.hpp REQUIRED)
genu_wrap(json_schema INCLUDES ${GENU_VALIJSON_INCLUDE_DIR} LIBRARIES nlohmann_json::nlohmann_json)

find_package(pugixml 1.12 REQUIRED)
genu_wrap(pugixml LIBRARIES pugixml::pugixml)

find_package(PNG 1.6 REQUIRED)
genu_wrap(png LIBRARIES PNG::PNG)
find_package(JPEG REQUIRED)
genu_wrap(jpeg LIBRARIES JPEG::JPEG)

genu_wrap(threads LIBRARIES Threads::Threads)

# OpenIGTLink's own library: the referee in the tests of genu::network, which speaks the protocol itself.
if(GENU_BUILD_TESTING)
  find_path(GENU_OPENIGTLINK_INCLUDE_DIR igtlOSUtil.h PATH_SUFFIXES openigtlink REQUIRED)
  find_library(GENU_OPENIGTLINK_LIBRARY OpenIGTLink REQUIRED)
  genu_wrap(openigtlink INCLUDES ${GENU_OPENIGTLINK_INCLUDE_DIR} LIBRARIES ${GENU_OPENIGTLINK_LIBRARY} Threads::Threads)
endif()

# Qt and VTK's Qt view: the viewer alone uses them.
if(GENU_BUILD_VIEWER)
  find_package(Qt5 5.15 REQUIRED COMPONENTS Widgets)
  if(NOT TARGET VTK::GUISupportQt)
    message(FATAL_ERROR "The viewer needs VTK's Qt view (Debian: libvtk9-qt-dev); or set GENU_BUILD_VIEWER=OFF.")
  endif()
  genu_wrap(qt_vtk LIBRARIES Qt5::Widgets VTK::GUISupportQt)
endif()
