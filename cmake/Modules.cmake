# msgin5g_module(NAME SOURCES... [INCLUDE DIR] [USES TARGETS...] [DOORS TARGETS...])
#
# One static library of ours. USES are the arrows of the architecture: whoever uses this module also sees their headers.
# DOORS are foreign libraries behind this module: linked, but their headers stay invisible to everybody else.
function(msgin5g_module name)
    cmake_parse_arguments(ARG "" "INCLUDE" "SOURCES;USES;DOORS" ${ARGN})
    add_library(${name} STATIC ${ARG_SOURCES})
    if(ARG_INCLUDE)
        target_include_directories(${name} PUBLIC "${CMAKE_CURRENT_SOURCE_DIR}/${ARG_INCLUDE}")
    endif()
    target_link_libraries(${name} PUBLIC ${ARG_USES} PRIVATE ${ARG_DOORS})
    if(ARG_INCLUDE)
        msgin5g_verify_headers(${name} "${CMAKE_CURRENT_SOURCE_DIR}/${ARG_INCLUDE}")
    endif()
endfunction()

# Each header of a module compiles by itself, with nothing but the module's own arrows.
function(msgin5g_verify_headers name folder)
    file(GLOB_RECURSE headers RELATIVE "${folder}" CONFIGURE_DEPENDS "${folder}/*.h")
    set(sources "")
    foreach(header IN LISTS headers)
        string(MAKE_C_IDENTIFIER "${header}" id)
        set(source "${CMAKE_CURRENT_BINARY_DIR}/self_contained_${id}.c")
        file(CONFIGURE OUTPUT "${source}" CONTENT "#include \"${header}\"\n#include \"${header}\"\n" @ONLY)
        list(APPEND sources "${source}")
    endforeach()
    add_library(${name}_headers OBJECT ${sources})
    target_link_libraries(${name}_headers PRIVATE ${name})
endfunction()

# msgin5g_program(NAME SOURCES... USES TARGETS...): one executable, installed to bin.
function(msgin5g_program name)
    cmake_parse_arguments(ARG "" "" "SOURCES;USES" ${ARGN})
    add_executable(${name} ${ARG_SOURCES})
    target_compile_definitions(${name} PRIVATE MSGIN5G_VERSION="${PROJECT_VERSION}")
    target_link_libraries(${name} PRIVATE ${ARG_USES})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
    install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()
