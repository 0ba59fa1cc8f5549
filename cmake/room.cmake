# A room is one directory under src/ with a CMakeLists.txt that calls aloft_room() once.
#
#   aloft_room(http ROOMS base os LIBRARIES Boost::headers OpenSSL::SSL)
#
# *.cc become the library aloft_<name>; *_test.cc the test program <name>_test (GoogleTest, registered with ctest);
# *_bench.cc the program <name>_bench (Google Benchmark); each *_fuzz.cc a libFuzzer program. tools/check_layers.py
# holds the #includes against tools/layers.toml.
function(aloft_room NAME)
  cmake_parse_arguments(ROOM "" "" "ROOMS;LIBRARIES;TEST_ROOMS;TEST_LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  file(GLOB tests CONFIGURE_DEPENDS *_test.cc)
  file(GLOB benches CONFIGURE_DEPENDS *_bench.cc)
  file(GLOB fuzzers CONFIGURE_DEPENDS *_fuzz.cc)
  file(GLOB mains CONFIGURE_DEPENDS *_main.cc)
  list(REMOVE_ITEM sources ${tests} ${benches} ${fuzzers} ${mains})

  set(rooms ${ROOM_ROOMS})
  list(TRANSFORM rooms PREPEND aloft_)
  if(sources)
    add_library(aloft_${NAME} STATIC ${sources})
    target_include_directories(aloft_${NAME} PUBLIC ${CMAKE_SOURCE_DIR}/src ${CMAKE_BINARY_DIR}/generated)
    target_link_libraries(aloft_${NAME} PUBLIC ${rooms} Threads::Threads PRIVATE ${ROOM_LIBRARIES})
  else()
    add_library(aloft_${NAME} INTERFACE)
    target_include_directories(aloft_${NAME} INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_BINARY_DIR}/generated)
    target_link_libraries(aloft_${NAME} INTERFACE ${rooms})
  endif()

  set(test_rooms ${ROOM_TEST_ROOMS})
  list(TRANSFORM test_rooms PREPEND aloft_)
  if(ALOFT_TESTS AND tests)
    add_executable(${NAME}_test ${tests})
    # Tests are compiled more often than run: optimizing them costs more than it saves.
    target_compile_options(${NAME}_test PRIVATE $<$<CONFIG:Release>:-O0 -U_FORTIFY_SOURCE>)
    target_link_libraries(${NAME}_test PRIVATE aloft_${NAME} ${test_rooms} ${ROOM_LIBRARIES} ${ROOM_TEST_LIBRARIES}
      GTest::gmock GTest::gtest_main)
    add_test(NAME ${NAME} COMMAND ${NAME}_test)
    set_tests_properties(${NAME} PROPERTIES TIMEOUT 300)
  endif()
  if(ALOFT_BENCH AND benches)
    add_executable(${NAME}_bench ${benches})
    target_link_libraries(${NAME}_bench PRIVATE aloft_${NAME} ${test_rooms} ${ROOM_LIBRARIES} benchmark::benchmark_main)
  endif()
  if(ALOFT_FUZZ)
    foreach(fuzzer ${fuzzers})
      get_filename_component(target ${fuzzer} NAME_WE)
      add_executable(${target} ${fuzzer})
      target_link_libraries(${target} PRIVATE aloft_${NAME} ${test_rooms} ${ROOM_LIBRARIES})
      target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    endforeach()
  endif()
endfunction()

# Every directory with a CMakeLists.txt below src/, and the side programs of tests/ and bench/.
function(aloft_add_rooms)
  file(GLOB rooms CONFIGURE_DEPENDS src/*/CMakeLists.txt src/*/*/CMakeLists.txt src/*/*/*/CMakeLists.txt
    tests/*/CMakeLists.txt bench/CMakeLists.txt)
  foreach(room ${rooms})
    get_filename_component(directory ${room} DIRECTORY)
    add_subdirectory(${directory})
  endforeach()
endfunction()
