# SPDX-License-Identifier: Apache-2.0
# Provokes each guard of cmake/GenuModule.cmake with a project of two or three empty modules, and checks that it fires
# with the right words; a project that keeps the rules must configure.

cmake_minimum_required(VERSION 3.25)
# provoke(NAME EXPECTED MODULES [FILE CONTENT]...): EXPECTED is a regular expression, or "configures".
function(provoke name expected modules)
  set(dir ${WORK_DIR}/${name})
  file(REMOVE_RECURSE ${dir})
  file(WRITE ${dir}/CMakeLists.txt "cmake_minimum_required(VERSION 3.25)\nproject(provoked LANGUAGES CXX)\n"
       "include(GNUInstallDirs)\nadd_library(genu_build INTERFACE)\ninclude(${SOURCE_DIR}/cmake/GenuModule.cmake)\n"
       "add_subdirectory(modules)\n")
  file(WRITE ${dir}/modules/CMakeLists.txt "genu_modules(${modules})\n")
  while(ARGN)
    list(POP_FRONT ARGN module role uses)
    file(WRITE ${dir}/modules/${module}/empty.cpp "")
    file(WRITE ${dir}/modules/${module}/CMakeLists.txt
         "genu_add_module(${module} ROLE ${role} SOURCES empty.cpp USES ${uses})\n")
  endwhile()
  execute_process(COMMAND ${CMAKE_COMMAND} -S ${dir} -B ${dir}/build -G Ninja
                  RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
  string(REGEX REPLACE "[ \n]+" " " said "${said}")
  if(expected STREQUAL "configures")
    if(failed)
      message(SEND_ERROR "${name}: should configure, but: ${said}")
    endif()
  elseif(NOT failed OR NOT said MATCHES "${expected}")
    message(SEND_ERROR "${name}: expected a refusal that says '${expected}', got (${failed}): ${said}")
  endif()
endfunction()

set(list "core \"nouns\" bridge \"adapter\" shape \"algorithm\" files \"edge\" late \"algorithm\"")
provoke(kept "configures" "${list}" core value "" bridge adapter core shape algorithm "core bridge"
        files edge "core shape" late algorithm "core shape")
provoke(order "Module 'shape' uses 'late', which stands below it" "${list}" core value "" bridge adapter core
        shape algorithm "core late" files edge core late algorithm core)
provoke(self "Module 'shape' uses 'shape', which stands below it" "${list}" core value "" bridge adapter core
        shape algorithm "core shape" files edge core late algorithm core)
provoke(edge "Module 'late' .algorithm. uses 'files' .edge.: no algorithm uses an edge" "${list}" core value ""
        bridge adapter core shape algorithm core files edge core late algorithm "core files")
provoke(unknown "Module 'shape' uses 'shapes', which is not a module" "${list}" core value "" bridge adapter core
        shape algorithm "shapes" files edge core late algorithm core)
provoke(role "Module 'core' has role 'thing'" "${list}" core thing "" bridge adapter core shape algorithm core
        files edge core late algorithm core)
