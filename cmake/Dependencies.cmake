# Foreign libraries as imported targets. wolfSSL and libcoap are the static builds of cmake/setup.sh (decision D1);
# everything else is Debian's.
find_package(PkgConfig REQUIRED)

# Both prefixes hold the same wolfSSL, and the headers of their own libcoap.
set(MSGIN5G_PREFIX "${MSGIN5G_DEPS_DIR}/prefix")
if(MSGIN5G_UNPATCHED_LIBCOAP)
    set(MSGIN5G_PREFIX "${MSGIN5G_DEPS_DIR}/prefix-unpatched")
endif()

find_library(MSGIN5G_WOLFSSL_LIBRARY NAMES libwolfssl.a PATHS "${MSGIN5G_PREFIX}/lib" NO_DEFAULT_PATH NO_CACHE)
find_library(MSGIN5G_COAP_LIBRARY NAMES libcoap-3.a libcoap-3-wolfssl.a PATHS "${MSGIN5G_PREFIX}/lib" NO_DEFAULT_PATH NO_CACHE)
if(NOT MSGIN5G_WOLFSSL_LIBRARY OR NOT MSGIN5G_COAP_LIBRARY)
    message(FATAL_ERROR "wolfSSL or libcoap is not in ${MSGIN5G_DEPS_DIR}. Run cmake/setup.sh first, or name the "
        "folder it filled with -DMSGIN5G_DEPS_DIR=...")
endif()

add_library(wolfssl STATIC IMPORTED)
set_target_properties(wolfssl PROPERTIES IMPORTED_LOCATION "${MSGIN5G_WOLFSSL_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${MSGIN5G_PREFIX}/include" INTERFACE_LINK_LIBRARIES m)

add_library(libcoap STATIC IMPORTED)
set_target_properties(libcoap PROPERTIES IMPORTED_LOCATION "${MSGIN5G_COAP_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${MSGIN5G_PREFIX}/include" INTERFACE_LINK_LIBRARIES "wolfssl")

pkg_check_modules(nghttp2 REQUIRED IMPORTED_TARGET libnghttp2>=1.52)
pkg_check_modules(cjson REQUIRED IMPORTED_TARGET libcjson)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(yaml REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(cbor REQUIRED IMPORTED_TARGET libcbor>=0.8)
pkg_check_modules(sqlite3 REQUIRED IMPORTED_TARGET sqlite3>=3.37)

find_library(HTTP_PARSER_LIBRARY NAMES http_parser REQUIRED)
add_library(http_parser INTERFACE)
target_link_libraries(http_parser INTERFACE "${HTTP_PARSER_LIBRARY}")

if(MSGIN5G_TESTS)
    pkg_check_modules(cmocka REQUIRED IMPORTED_TARGET cmocka)
endif()
