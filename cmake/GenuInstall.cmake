# SPDX-License-Identifier: Apache-2.0
# `cmake --install` gives headers, libraries, apps, data and a package that find_package(genu) finds.
include(CMakePackageConfigHelpers)

set(genu_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/genu)
set(genu_data_dir ${CMAKE_INSTALL_DATADIR}/genu)
install(EXPORT genu-targets NAMESPACE genu:: DESTINATION ${genu_package_dir})
configure_package_config_file(cmake/genu-config.cmake.in ${PROJECT_BINARY_DIR}/genu-config.cmake
                              INSTALL_DESTINATION ${genu_package_dir} PATH_VARS genu_data_dir)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/genu-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/genu-config.cmake ${PROJECT_BINARY_DIR}/genu-config-version.cmake
              cmake/GenuThirdParty.cmake DESTINATION ${genu_package_dir})
install(DIRECTORY data/ DESTINATION ${genu_data_dir} PATTERN "*-state.pt" EXCLUDE)
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
