#include "foundation/codec/xml.h"

#include <gtest/gtest.h>

#include "foundation/codec/errors.h"

namespace aloft::codec {
namespace {

// The request that S3 clients send most, with the namespace they add.
TEST(Xml, ReadsElements) {
  auto root = ParseXml(R"(<?xml version="1.0"?><s:Delete xmlns:s="http://s3.amazonaws.com/doc/2006-03-01/">
    <Object><Key>a &amp; b&#13;</Key></Object><Object><Key> </Key></Object><Quiet>true</Quiet></s:Delete>)");
  ASSERT_TRUE(root.ok());
  EXPECT_EQ(root->name, "Delete");
  ASSERT_EQ(root->children.size(), 3u);
  EXPECT_EQ(root->children[0].ChildText("Key"), "a & b\r");
  EXPECT_EQ(root->children[1].ChildText("Key"), " ");
  EXPECT_EQ(root->ChildText("Quiet"), "true");
  EXPECT_EQ(root->Child("None"), nullptr);
  EXPECT_EQ(root->text, "");
}

// Entities are how an XML parser is made to read files or to eat all memory.
TEST(Xml, RefusesDocumentTypes) {
  EXPECT_EQ(ParseXml("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>").error().reason, kMalformedXml);
  EXPECT_EQ(ParseXml("<!DOCTYPE a><a/>").error().reason, kMalformedXml);
}

// What no document type declared stands for nothing, and a zero would cut a key short: both would act on another key.
TEST(Xml, RefusesUnknownReferences) {
  for (std::string_view text : {"<a>&e;</a>", "<a>&</a>", "<a>&#0;b</a>", "<a>&#xd800;</a>", "<a>&#x110000;</a>",
                                "<a>&#;</a>", "<a>&#-1;</a>", "<a b='&e;'/>", "<a>& amp;</a>"})
    EXPECT_EQ(ParseXml(text).error().reason, kMalformedXml) << text;
  EXPECT_FALSE(ParseXml(std::string_view("<a>b\0c</a>", 10)).ok());
  auto root = ParseXml("<!-- & --><a b='&apos;'><![CDATA[&e;]]>&#1;&#x41;&lt;</a>");
  ASSERT_TRUE(root.ok());
  EXPECT_EQ(root->text,
            "&e;\x01"
            "A<");
}

// Bounded input, bounded depth, bounded number of elements.
TEST(Xml, RefusesWhatIsTooMuch) {
  std::string deep;
  for (int i = 0; i < 50'000; ++i) deep += "<a>";
  for (int i = 0; i < 50'000; ++i) deep += "</a>";
  EXPECT_EQ(ParseXml(deep).error().reason, kMalformedXml);
  EXPECT_EQ(ParseXml("<a><b/><b/><b/></a>", {8, 100, 3}).error().reason, kInputTooLarge);
  EXPECT_EQ(ParseXml("<aaaaaaaaaa/>", {8, 10, 3}).error().reason, kInputTooLarge);
}

// Broken documents are refused, not repaired.
TEST(Xml, RefusesBrokenDocuments) {
  for (std::string_view text : {"", "text", "<a>", "<a></b>", "<a/><b/>", "<a", "<?xml version='1.0'?>"})
    EXPECT_FALSE(ParseXml(text).ok()) << text;
}

// Keys may hold any character: line ends and tabs would be normalised away if they were not escaped.
TEST(Xml, WritesWhatItReads) {
  std::string key = "a<b>&\"'\r\n\t\xc3\xa9";
  std::string out;
  XmlWriter(out).Open("R", "urn:x").Element("Key", key).Element("N", 5).Element("B", true).Close();
  EXPECT_EQ(out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<R xmlns=\"urn:x\"><Key>a&lt;b&gt;&amp;&quot;'&#13;&#10;&#9;"
            "\xc3\xa9</Key><N>5</N><B>true</B></R>");
  auto root = ParseXml(out);
  ASSERT_TRUE(root.ok());
  EXPECT_EQ(root->ChildText("Key"), key);
  std::string controls;
  EscapeXml(std::string_view("\x01\x1f", 2), controls);
  EXPECT_EQ(controls, "&#x1;&#x1f;");
}

}  // namespace
}  // namespace aloft::codec
