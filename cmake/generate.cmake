# The AWS structs: tools/generate_api.py reads models/*.toml and botocore's models and writes <build>/generated/generated/shapes,
# which sources include as "generated/shapes/<service>/<group>.h".
set(ALOFT_PYTHON "${CMAKE_SOURCE_DIR}/build/venv/bin/python" CACHE FILEPATH "A Python that has the pinned botocore")

# Adds the generated sources to `target`. Which files there are is asked at configure time; they are written when a
# dependency changed.
function(aloft_generate_shapes target)
  set(script ${CMAKE_SOURCE_DIR}/tools/generate_api.py)
  file(GLOB models CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/models/*.toml)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${script} ${models})
  set(command ${ALOFT_PYTHON} ${script} --models ${CMAKE_SOURCE_DIR}/models --out ${CMAKE_BINARY_DIR}/generated)
  execute_process(COMMAND ${command} --list OUTPUT_VARIABLE listing ERROR_VARIABLE problem RESULT_VARIABLE code)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "tools/generate_api.py failed with ${ALOFT_PYTHON} (run tools/setup first): ${problem}")
  endif()
  string(REGEX REPLACE "\n$" "" listing "${listing}")
  string(REPLACE "\n" ";" files "${listing}")
  list(TRANSFORM files PREPEND ${CMAKE_BINARY_DIR}/generated/)
  set(stamp ${CMAKE_BINARY_DIR}/generated/shapes.stamp)
  add_custom_command(OUTPUT ${stamp} BYPRODUCTS ${files}
    COMMAND ${command} --stamp ${stamp}
    DEPENDS ${script} ${models} ${ALOFT_PYTHON}
    COMMENT "Generating the AWS structs" VERBATIM)
  add_custom_target(aloft_generated_shapes DEPENDS ${stamp})
  set(sources ${files})
  list(FILTER sources INCLUDE REGEX "\\.cc$")
  target_sources(${target} PRIVATE ${sources})
  # Tables and small access functions: a third of the size of -O2, and quicker to compile.
  set_source_files_properties(${sources} PROPERTIES COMPILE_OPTIONS "$<$<CONFIG:Release>:-Os>")
  add_dependencies(${target} aloft_generated_shapes)
endfunction()
