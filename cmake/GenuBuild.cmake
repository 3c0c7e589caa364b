# SPDX-License-Identifier: Apache-2.0
# How every target is compiled: one INTERFACE target, genu_build, that all of Genu's targets link privately.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
include(GNUInstallDirs)

find_program(GENU_CCACHE ccache)
if(GENU_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Precompiled headers carry time stamps; without this sloppiness ccache never hits.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${GENU_CCACHE})
endif()

add_library(genu_build INTERFACE)
target_compile_features(genu_build INTERFACE cxx_std_20)
target_compile_options(genu_build INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-align -Wunused
  $<$<BOOL:${GENU_WERROR}>:-Werror>)
# Precompiled headers are only found again by ccache when the compiler is told to keep them comparable.
target_compile_options(genu_build INTERFACE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
if(GENU_SANITIZE)
  target_compile_options(genu_build INTERFACE -fsanitize=${GENU_SANITIZE} -fno-omit-frame-pointer
                                              -fno-sanitize-recover=undefined)
  target_link_options(genu_build INTERFACE -fsanitize=${GENU_SANITIZE})
endif()
find_program(GENU_MOLD mold)
if(GENU_MOLD)
  target_link_options(genu_build INTERFACE -fuse-ld=mold)
endif()
find_package(Threads REQUIRED)
